/* fuzz_onebot12.c - any bytes as a frame of OneBot 12. */
#include "fuzz_onebot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_frame(data, size, 12);
    return 0;
}
