# Warnings, hardening and sanitizers as one interface target.
add_library(qund-options INTERFACE)
target_compile_definitions(qund-options INTERFACE _GNU_SOURCE
    QUND_VERSION="${PROJECT_VERSION}" QUND_PREFIX_SHARE="${CMAKE_INSTALL_FULL_DATADIR}/qund"
    QUND_PLUGIN_DIR="${CMAKE_INSTALL_FULL_LIBDIR}/qund/plugins")
target_compile_options(qund-options INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wcast-qual -Wwrite-strings -Wstrict-prototypes
    -Wmissing-prototypes -Wformat=2 -Wvla -fno-common -fstack-protector-strong -fvisibility=hidden)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
    target_compile_options(qund-options INTERFACE -Wno-gnu-zero-variadic-macro-arguments)
endif()
if(QUND_SANITIZE)
    target_compile_options(qund-options INTERFACE -fsanitize=${QUND_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(qund-options INTERFACE -fsanitize=${QUND_SANITIZE})
else()
    target_compile_options(qund-options INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE$<SEMICOLON>-D_FORTIFY_SOURCE=2>)
endif()
target_link_options(qund-options INTERFACE -Wl,-z,relro,-z,now)
if(QUND_FAULTS)
    target_compile_definitions(qund-options INTERFACE QUND_FAULTS)
endif()
if(QUND_FUZZ)
    target_compile_options(qund-options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(QUND_COV)
    target_compile_options(qund-options INTERFACE --coverage)
    target_link_options(qund-options INTERFACE --coverage)
endif()
