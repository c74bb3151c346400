#include "braid_clang.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef BRAID_LLVM_VERSION
#error "Package.swift defines BRAID_LLVM_VERSION"
#endif

unsigned braid_clang_version(void) { return BRAID_LLVM_VERSION; }

static void *open_library(const char *name) {
    if (name) return dlopen(name, RTLD_NOW | RTLD_LOCAL);
    // As Debian, LLVM and macOS call it. The program's own search path has the folder of the LLVM that it is linked with.
    static const char *const forms[] = {"libclang-%d.so.%d", "libclang-%d.so.1", "libclang.so.%d.1", "libclang.so.%d", "libclang.so",
                                        "libclang.dylib"};
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form += 1) {
        char file[64];
        snprintf(file, sizeof file, forms[form], BRAID_LLVM_VERSION, BRAID_LLVM_VERSION);
        void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        if (library) return library;
    }
    return NULL;
}

const braid_clang *braid_clang_open(const char *name) {
    void *library = open_library(name);
    braid_clang *clang = library ? malloc(sizeof *clang) : NULL;
    if (!clang) return NULL;
    int complete = 1;
#define BRAID_CLANG_FIND(result, function, parameters)                                                                                 \
    {                                                                                                                                  \
        void *found = dlsym(library, "clang_" #function);                                                                              \
        if (!found) complete = 0;                                                                                                      \
        *(void **)&clang->function = found;                                                                                            \
    }
    BRAID_CLANG_FUNCTIONS(BRAID_CLANG_FIND)
#undef BRAID_CLANG_FIND
    if (complete) return clang;
    free(clang);
    return NULL;
}

struct children {
    CXCursor *into;
    size_t room, count;
};

static int add_child(CXCursor cursor, CXCursor parent, void *data) {
    (void)parent;
    struct children *children = data;
    if (children->count < children->room) children->into[children->count] = cursor;
    children->count += 1;
    return 1;  // CXChildVisit_Continue: its own children are not visited.
}

size_t braid_clang_children(const braid_clang *clang, CXCursor cursor, CXCursor *children, size_t room) {
    struct children found = {children, room, 0};
    clang->visitChildren(cursor, add_child, &found);
    return found.count;
}

struct call {
    void (*body)(void *);
    void *argument;
};

static void *start(void *data) {
    struct call *call = data;
    call->body(call->argument);
    return NULL;
}

int braid_clang_on_stack(size_t bytes, void (*body)(void *), void *argument) {
    struct call call = {body, argument};
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) return 0;
    int started = pthread_attr_setstacksize(&attributes, bytes) == 0 && pthread_create(&thread, &attributes, start, &call) == 0;
    pthread_attr_destroy(&attributes);
    return started && pthread_join(thread, NULL) == 0;
}
