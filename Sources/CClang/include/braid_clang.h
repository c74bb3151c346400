// The part of libclang's C interface (clang-c/Index.h) that reads C files, found while the program runs.
//
// libclang promises that this interface stays as it is, so it is declared here and Braid is built, and starts, without it. What newer
// versions number differently (kinds of cursors, types and operators) is asked for by name.
#pragma once
#include <stddef.h>

typedef struct {
    const void *_Nullable data;
    unsigned private_flags;
} CXString;

typedef struct {
    int kind;
    int xdata;
    const void *_Nullable data[3];
} CXCursor;

typedef struct {
    int kind;
    void *_Nullable data[2];
} CXType;

typedef struct {
    const void *_Nullable ptr_data[2];
    unsigned int_data;
} CXSourceLocation;

typedef struct {
    const void *_Nullable ptr_data[2];
    unsigned begin_int_data;
    unsigned end_int_data;
} CXSourceRange;

typedef struct {
    const char *_Nullable filename;
    const char *_Nullable contents;
    unsigned long length;
} CXUnsavedFile;

/// The functions, each by its result, its name behind `clang_`, and its parameters.
#define BRAID_CLANG_FUNCTIONS(FUNCTION)                                                                                                \
    FUNCTION(CXString, getClangVersion, (void))                                                                                        \
    FUNCTION(const char *_Nullable, getCString, (CXString))                                                                            \
    FUNCTION(void, disposeString, (CXString))                                                                                          \
    FUNCTION(void, toggleCrashRecovery, (unsigned))                                                                                    \
    FUNCTION(void *_Nullable, createIndex, (int, int))                                                                                 \
    FUNCTION(void, disposeIndex, (void *_Nullable))                                                                                    \
    FUNCTION(int, parseTranslationUnit2,                                                                                               \
             (void *_Nullable, const char *_Nonnull, const char *_Nullable const *_Nonnull, int, CXUnsavedFile *_Nullable, unsigned,   \
              unsigned, void *_Nullable *_Nonnull))                                                                                    \
    FUNCTION(void, disposeTranslationUnit, (void *_Nonnull))                                                                           \
    FUNCTION(unsigned, getNumDiagnostics, (void *_Nonnull))                                                                            \
    FUNCTION(void *_Nullable, getDiagnostic, (void *_Nonnull, unsigned))                                                               \
    FUNCTION(void, disposeDiagnostic, (void *_Nullable))                                                                               \
    FUNCTION(unsigned, getDiagnosticSeverity, (void *_Nullable))                                                                       \
    FUNCTION(CXString, getDiagnosticSpelling, (void *_Nullable))                                                                       \
    FUNCTION(CXSourceLocation, getDiagnosticLocation, (void *_Nullable))                                                               \
    FUNCTION(unsigned, getDiagnosticNumRanges, (void *_Nullable))                                                                      \
    FUNCTION(CXSourceRange, getDiagnosticRange, (void *_Nullable, unsigned))                                                           \
    FUNCTION(void *_Nullable, getChildDiagnostics, (void *_Nullable))                                                                  \
    FUNCTION(unsigned, getNumDiagnosticsInSet, (void *_Nullable))                                                                      \
    FUNCTION(void *_Nullable, getDiagnosticInSet, (void *_Nullable, unsigned))                                                         \
    FUNCTION(CXCursor, getTranslationUnitCursor, (void *_Nonnull))                                                                     \
    FUNCTION(unsigned, visitChildren, (CXCursor, int (*_Nonnull)(CXCursor, CXCursor, void *_Nullable), void *_Nullable))               \
    FUNCTION(CXString, getCursorKindSpelling, (int))                                                                                   \
    FUNCTION(CXString, getCursorSpelling, (CXCursor))                                                                                  \
    FUNCTION(CXCursor, getCursorReferenced, (CXCursor))                                                                                \
    FUNCTION(CXCursor, getCursorDefinition, (CXCursor))                                                                                \
    FUNCTION(CXCursor, getCursorSemanticParent, (CXCursor))                                                                            \
    FUNCTION(int, Cursor_isNull, (CXCursor))                                                                                           \
    FUNCTION(unsigned, isCursorDefinition, (CXCursor))                                                                                 \
    FUNCTION(int, Cursor_getStorageClass, (CXCursor))                                                                                  \
    FUNCTION(int, Cursor_getNumArguments, (CXCursor))                                                                                  \
    FUNCTION(CXCursor, Cursor_getArgument, (CXCursor, unsigned))                                                                       \
    FUNCTION(CXCursor, Cursor_getVarDeclInitializer, (CXCursor))                                                                       \
    FUNCTION(CXString, Cursor_getRawCommentText, (CXCursor))                                                                           \
    FUNCTION(CXSourceRange, Cursor_getCommentRange, (CXCursor))                                                                        \
    FUNCTION(CXSourceRange, getCursorExtent, (CXCursor))                                                                               \
    FUNCTION(CXSourceLocation, getCursorLocation, (CXCursor))                                                                          \
    FUNCTION(CXSourceLocation, getRangeStart, (CXSourceRange))                                                                         \
    FUNCTION(CXSourceLocation, getRangeEnd, (CXSourceRange))                                                                           \
    FUNCTION(void, getExpansionLocation,                                                                                               \
             (CXSourceLocation, void *_Nullable *_Nullable, unsigned *_Nullable, unsigned *_Nullable, unsigned *_Nullable))            \
    FUNCTION(void, getSpellingLocation,                                                                                                \
             (CXSourceLocation, void *_Nullable *_Nullable, unsigned *_Nullable, unsigned *_Nullable, unsigned *_Nullable))            \
    FUNCTION(CXString, getFileName, (void *_Nullable))                                                                                 \
    FUNCTION(CXType, getCursorType, (CXCursor))                                                                                        \
    FUNCTION(CXType, getCanonicalType, (CXType))                                                                                       \
    FUNCTION(CXString, getTypeSpelling, (CXType))                                                                                      \
    FUNCTION(CXString, getTypeKindSpelling, (int))                                                                                     \
    FUNCTION(unsigned, isConstQualifiedType, (CXType))                                                                                 \
    FUNCTION(unsigned, isVolatileQualifiedType, (CXType))                                                                              \
    FUNCTION(long long, Type_getSizeOf, (CXType))                                                                                      \
    FUNCTION(long long, getArraySize, (CXType))                                                                                        \
    FUNCTION(CXType, getArrayElementType, (CXType))                                                                                    \
    FUNCTION(CXType, getPointeeType, (CXType))                                                                                         \
    FUNCTION(CXType, getResultType, (CXType))                                                                                          \
    FUNCTION(unsigned, isFunctionTypeVariadic, (CXType))                                                                               \
    FUNCTION(void *_Nullable, Cursor_Evaluate, (CXCursor))                                                                             \
    FUNCTION(int, EvalResult_getKind, (void *_Nullable))                                                                               \
    FUNCTION(long long, EvalResult_getAsLongLong, (void *_Nullable))                                                                   \
    FUNCTION(double, EvalResult_getAsDouble, (void *_Nullable))                                                                        \
    FUNCTION(void, EvalResult_dispose, (void *_Nullable))                                                                              \
    FUNCTION(int, getCursorBinaryOperatorKind, (CXCursor))                                                                             \
    FUNCTION(CXString, getBinaryOperatorKindSpelling, (int))                                                                           \
    FUNCTION(int, getCursorUnaryOperatorKind, (CXCursor))                                                                              \
    FUNCTION(CXString, getUnaryOperatorKindSpelling, (int))

typedef struct {
#define BRAID_CLANG_FIELD(result, name, parameters) result(*_Nonnull name) parameters;
    BRAID_CLANG_FUNCTIONS(BRAID_CLANG_FIELD)
#undef BRAID_CLANG_FIELD
} braid_clang;

/// The major version of the LLVM that Braid is linked with, which libclang must have too: both share one library of LLVM.
unsigned braid_clang_version(void);

/// Opens libclang; null where there is none, or it lacks one of the functions. `name` is the library's file instead of those looked for.
///
/// May be called once a process for each name: the library stays open.
const braid_clang *_Nullable braid_clang_open(const char *_Nullable name);

/// Writes the direct children of a cursor to `children` as far as there is room; returns how many there are.
size_t braid_clang_children(const braid_clang *_Nonnull clang, CXCursor cursor, CXCursor *_Nonnull children, size_t room);

/// Calls `body` on a thread with a stack of so many bytes and waits; 0 if there is none to be had.
int braid_clang_on_stack(size_t bytes, void (*_Nonnull body)(void *_Nullable), void *_Nullable argument);

// The command `clang`, which must not outlive who asked for it, nor take all of the machine.

typedef struct {
    /// Of the processor's time.
    unsigned seconds;
    /// Of memory, and of each file.
    unsigned long long bytes;
} braid_command_limits;

typedef struct {
    int process;
    /// Gives what the command writes.
    int output;
    /// As long as it is open, the command goes on.
    int alive;
} braid_command;

/// Starts a command in a folder, in this process's group; 0, or the error's number. A process in between waits for it: where this one ends
/// first, by whatever signal, the command is ended, and the folder is removed if `removes`.
int braid_command_start(const char *_Nonnull path, char *_Nullable const *_Nonnull arguments, const char *_Nonnull folder, int removes,
                        const braid_command_limits *_Nonnull limits, braid_command *_Nonnull started);

/// Waits for its end, once its output has been read: its exit status, or 128 and the number of the signal that ended it.
int braid_command_wait(braid_command started);
