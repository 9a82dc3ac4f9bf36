/* src/core/core.h - what nearly every header needs: result codes, strings, errors, log. */
#ifndef QUND_CORE_CORE_H
#define QUND_CORE_CORE_H
#include "core/base.h"
#include "core/err.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#endif
