"""use.py - the probabilities of one picture by one model, through ctypes."""
import ctypes, sys

skc = ctypes.CDLL("libskincnn.so")
skc.skc_model_label.restype = ctypes.c_char_p
error = ctypes.create_string_buffer(508)
model, image, session = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()

def check(status):
    if status != 0:
        sys.exit(error.raw[4:].split(b"\0")[0].decode())

check(skc.skc_model_load(sys.argv[1].encode(), None, ctypes.byref(model), error))
check(skc.skc_image_load(sys.argv[2].encode(), None, None, ctypes.byref(image), error))
check(skc.skc_session_create(model, 1, None, ctypes.byref(session), error))
probabilities = (ctypes.c_float * skc.skc_model_label_count(model))()
check(skc.skc_session_predict(session, ctypes.byref(image), 1, probabilities, error))
for i, p in enumerate(probabilities):
    print(skc.skc_model_label(model, i).decode(), f"{p:.3f}")
skc.skc_session_free(session)
skc.skc_image_free(image)
skc.skc_model_free(model)
