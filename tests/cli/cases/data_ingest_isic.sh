# Every table of the ISIC challenges 2017 to 2020.
pictures_of() { mkdir -p "$1"; for id in $2; do : >"$1/$id.jpg"; done; }
show() { try skincnn-data ingest "$@" --out out.csv; cat out.csv; }

pictures_of 2017/data "ISIC_1 ISIC_2 ISIC_3"
: >2017/data/ISIC_1_superpixels.png
printf 'image_id,melanoma,seborrheic_keratosis\nISIC_1,1.0,0.0\nISIC_2,0.0,1.0\nISIC_3,0.0,0.0\n' \
    >2017/ISIC-2017_Training_Part3_GroundTruth.csv
show 2017
printf 'image_id,part,melanoma,seborrheic_keratosis\nISIC_1,train,1,0\nISIC_2,val,0,1\nISIC_3,train,0,0\n' \
    >2017/ISIC-2017_Training_Part3_GroundTruth.csv
show 2017

pictures_of 2018 "ISIC_4 ISIC_5"
printf 'image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\nISIC_4,0.0,0.0,0.0,1.0,0.0,0.0,0.0\nISIC_5,0.0,0.0,0.0,0.0,0.0,0.0,1.0\n' \
    >2018/truth.csv
printf 'image,lesion_id,diagnosis_confirm_type\nISIC_4,HAM_1,histopathology\nISIC_5,HAM_2,consensus\n' \
    >2018/groupings.csv
show 2018

pictures_of 2019 "ISIC_6 ISIC_7_downsampled ISIC_8"
printf 'image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK\nISIC_6,0,0,0,1,0,0,0,0,0\nISIC_7_downsampled,0,0,0,0,0,0,0,1,0\nISIC_8,0,0,0,0,0,0,0,0,1\n' \
    >2019/truth.csv
printf 'image,age_approx,anatom_site_general,lesion_id,sex\nISIC_6,55,head,BCN_1,male\nISIC_7_downsampled,,,,\n' \
    >2019/metadata.csv
show 2019

pictures_of 2020 "ISIC_9 ISIC_10 ISIC_11"
printf 'image_name,patient_id,lesion_id,sex,diagnosis,benign_malignant,target\nISIC_9,IP_1,IL_1,male,unknown,benign,0\nISIC_10,IP_1,,male,melanoma,malignant,1\nISIC_11,IP_2,,male,nevus,benign,0\n' \
    >2020/truth.csv
show 2020
