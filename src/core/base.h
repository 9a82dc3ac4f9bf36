/* src/core/base.h - attributes, result codes and the few macros every file uses. */
#ifndef QUND_CORE_BASE_H
#define QUND_CORE_BASE_H
#include "qund/rc.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUND_CHECK __attribute__((warn_unused_result))
#define QUND_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define QUND_NORETURN __attribute__((noreturn))
#define QUND_LIKELY(x) __builtin_expect(!!(x), 1)
#define QUND_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define QUND_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* From a pointer to a member back to the object that holds it. */
#define QUND_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* QUND_AUTO(f) T *x = NULL: f(x) runs when x leaves its scope. f must be made known with
 * QUND_DEFINE_AUTO beside its declaration. It does not run on longjmp or pthread_exit. */
#define QUND_AUTO(f) __attribute__((cleanup(f##_p)))
#define QUND_DEFINE_AUTO(f, T)                                \
    __attribute__((unused)) static inline void f##_p(T *slot) \
    {                                                         \
        f(*slot);                                             \
    }
/* Moves the pointer out of a QUND_AUTO variable: the value is returned, the variable is NULL. */
#define QUND_TAKE(p)                     \
    __extension__({                      \
        __typeof__(p) qund_taken_ = (p); \
        (p) = NULL;                      \
        qund_taken_;                     \
    })

/* For a QUND_CHECK result that does not matter; say why beside it. */
static inline void qund_ignore(int rc)
{
    (void)rc;
}

/* Every function that can fail returns 0 (or a documented count) or an enum qund_rc. */
/* "NOMEM", "INVAL", … ; "?" for anything else. Static. */
const char *qund_rc_name(int rc);
/* The only place that decides between trying again (AGAIN, FULL, IO, NOMEM) and giving up. */
bool qund_rc_retryable(int rc);

/* Stays on in release builds; only for bugs of ours, never for bytes from outside. Prints the
 * condition and aborts; the queue replays what was in hand. */
#define qund_assert(cond)                          \
    do {                                           \
        if (QUND_UNLIKELY(!(cond)))                \
            qund_panic(__FILE__, __LINE__, #cond); \
    } while (0)
QUND_NORETURN void qund_panic(const char *file, int line, const char *what);

/* Lengths of time that are the same in every zone. */
#define QUND_HOUR_MS INT64_C(3600000)
#define QUND_DAY_MS INT64_C(86400000)

/* Sanitizers reserve terabytes of address space: limits on it cannot be set then. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUND_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QUND_SANITIZED 1
#endif
#endif
#ifndef QUND_SANITIZED
#define QUND_SANITIZED 0
#endif

/* Fault points: compiled only in the fault preset (QUND_FAULTS). Environment
 * QUND_FAULT="name:action[:n]" with action crash | stall=MS | errno=N, at the n-th pass (default
 * 1). Returns 0, or -errno for the errno action. */
#ifdef QUND_FAULTS
int qund_fault_hit(const char *name);
#define QUND_FAULT(name) qund_fault_hit(name)
#else
#define QUND_FAULT(name) 0
#endif
#endif
