/* src/text/question_flags.h - what a word of words/question.txt tells; for question.c only. */
#ifndef QUND_TEXT_QUESTION_FLAGS_H
#define QUND_TEXT_QUESTION_FLAGS_H
#include "text/scan.h"

enum {
    WH = 1,        /* asks wherever it stands */
    YN = 2,        /* same */
    FINAL = 4,     /* asks at the end of a clause: 行不, 到了没 */
    MARK = 8,      /* the question mark */
    POLITE = 16,   /* announces a question */
    REQ = 32,      /* asks for something to be done */
    TROUBLE = 64,  /* something does not work */
    RHET = 128,    /* the clause only looks like a question */
    PEER = 256,    /* an invitation among members */
    NEIGH = 512,   /* said to one neighbour */
    NOANS = 1024,  /* no answer is wanted */
    ALT = 2048,    /* asks between two things: 鲜的还是冻的 */
    ANYONE = 4096, /* with TOGETHER an invitation: 有人今晚一起吃火锅不 */
    TOGETHER = 8192,
    THANKS = 16384 /* what is asked for behind it in the clause has been done: 多谢帮我改 */
};
#endif
