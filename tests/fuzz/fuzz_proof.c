/* tests/fuzz/fuzz_proof.c - the first line is a task's content, the rest a post. Whatever they are,
 * the answer stays within its bounds. */
#include "sop/proof.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_str post = qund_str_n((const char *)data, size);
    struct qund_str content = qund_str_split(&post, '\n');
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    QUND_AUTO(qund_proof_text_free) struct qund_proof_text *text = NULL;
    struct qund_proof_choice choice;
    int score = -1;

    if (size > 65536 || qund_utf8_check(content) >= 0 || (post.p && qund_utf8_check(post) >= 0))
        return 0;
    if (!post.p)
        post = QUND_STR("");
    if (qund_proof_text_new(qund_fold_tables(), content, &text) < 0)
        return 0;
    if (qund_fold_text(qund_fold_tables(), post, &folded) < 0)
        return 0;
    if (qund_proof_compare(text, &folded, &score) > QUND_PROOF_VERBATIM || score < 0 ||
        score > 1000)
        abort();
    if (qund_proof_choose(&text, 1, &folded, &choice) == 0 &&
        (choice.at != 0 || choice.ambiguous || choice.like == QUND_PROOF_OTHER))
        abort();
    return 0;
}
