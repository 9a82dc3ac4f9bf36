/* src/core/trim.c - giving memory back after heavy work.
 * A start, and each reload of rules, reads megabytes of YAML and builds trees that are freed again;
 * the allocator keeps such memory for the next time, which may be months away. And of the sixty
 * libraries that end up in the process, most pages were touched once, to relocate them or to set
 * them up. Both are given back here: what is needed after all is mapped again from the page cache,
 * a microsecond a page.
 *
 * Only segments that a library may never write to are let go: those with relocations in them carry
 * PF_W, even if they were made read-only afterwards. Nothing is let go under a debugger, whose
 * breakpoints lie in such pages. */
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define STATUS_MAX (64u << 10)

static bool traced(void)
{
    QUND_AUTO(qund_buf_done) struct qund_buf status = {0};
    ptrdiff_t at;

    if (qund_file_read("/proc/self/status", STATUS_MAX, &status, NULL) < 0)
        return true;
    at = qund_str_find(qund_buf_view(&status), 0, QUND_STR("TracerPid:\t0\n"));
    return at < 0;
}

static int let_go(struct dl_phdr_info *lib, size_t size, void *arg)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)size;
    (void)arg;
    if (qund_str_starts(qund_str(lib->dlpi_name), "linux-vdso"))
        return 0; /* the kernel's own, not a file's */
    for (unsigned i = 0; i < lib->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &lib->dlpi_phdr[i];
        uintptr_t from = (lib->dlpi_addr + h->p_vaddr) & ~(page - 1);
        uintptr_t to = (lib->dlpi_addr + h->p_vaddr + h->p_memsz) & ~(page - 1);

        if (h->p_type == PT_LOAD && !(h->p_flags & PF_W) && to > from)
            madvise((void *)from, to - from, MADV_DONTNEED); /* advice: refused, it stays */
    }
    return 0;
}

void qund_memory_give_back(void)
{
    malloc_trim(0);
}

void qund_memory_trim(void)
{
    qund_memory_give_back();
    if (!QUND_SANITIZED && !traced())
        dl_iterate_phdr(let_go, NULL);
}

size_t qund_memory_idle(void)
{
    return mallinfo2().fordblks;
}
