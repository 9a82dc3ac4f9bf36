/* fuzz_onebot_cq.c - any text as a message in CQ form: an array of segments comes of it, each with
 * a type, no character is lost where there is no code, and it is UTF-8 when the text was. */
#include "core/core.h"
#include "cq.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str text = qund_str_n((const char *)data, size);
    bool sound = qund_utf8_check(text) < 0;
    json_t *segments = ob_cq_read(text);
    size_t i;
    const json_t *segment;

    if (!json_is_array(segments) || (size == 0) != (json_array_size(segments) == 0))
        abort();
    json_array_foreach(segments, i, segment)
    {
        struct qund_str said = ob_get_text(json_object_get(segment, "data"), "text");

        if (!json_is_string(json_object_get(segment, "type")) ||
            !json_is_object(json_object_get(segment, "data")) ||
            (said.n > 0 && qund_utf8_check(said) >= 0))
            abort();
    }
    if (sound && size > 0 && !memchr(data, '[', size) && !memchr(data, '&', size) &&
        !qund_str_eq(ob_get_text(json_object_get(json_array_get(segments, 0), "data"), "text"),
                     text))
        abort();
    ob_json_free(segments);
    return 0;
}
