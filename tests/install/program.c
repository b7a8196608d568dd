/* program.c - a program outside the tree: the probabilities of one picture by one model. */
#include <skincnn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    skc_model   *model   = NULL;
    skc_session *session = NULL;
    skc_image   *image   = NULL;
    float        probabilities[16];
    skc_error    err;

    if (argc != 3 || skc_model_load(argv[1], NULL, &model, &err) != SKC_OK ||
        skc_image_load(argv[2], NULL, NULL, &image, &err) != SKC_OK ||
        skc_session_create(model, 1, NULL, &session, &err) != SKC_OK ||
        skc_session_predict(session, (const skc_image *const[]){ image }, 1, probabilities, &err) !=
            SKC_OK) {
        fprintf(stderr, "%s\n", argc == 3 ? err.message : "usage: program MODEL PICTURE");
        return 1;
    }
    for (int i = 0; i < skc_model_label_count(model); i++)
        printf("%s %.3f\n", skc_model_label(model, i), (double)probabilities[i]);
    puts(SKC_DISCLAIMER);
    skc_session_free(session);
    skc_image_free(image);
    skc_model_free(model);
    return 0;
}
