/// What a C file may use of the words that C keeps for itself and for compilers: those that begin with `__`, or with `_` and a capital.
///
/// Only what the table has can be used. The rest lets a file have clang compute without bounds (`_BitInt`, vectors), run before it is called
/// (constructors), call what no header declares, or stand for machine code.
enum CReservedWords {
    typealias Refusal = (message: String, help: String)

    /// Why a word of the text or of a macro's body cannot be used; nil where it can.
    static func refusal(of word: String) -> Refusal? {
        if assembly.contains(word) { return ("assembly cannot be used here", "write it in C") }
        guard isReserved(word), !allowed.contains(word), !prefixes.contains(where: { word.hasPrefix($0) }) else { return nil }
        if attributes.contains(word) { return attribute }
        let message = "`\(word)` cannot be used here"
        if word.hasPrefix("__builtin_") || word.hasPrefix("__sync_") || word.hasPrefix("__atomic_") {
            guard !builtins.contains(word) else { return nil }
            return (
                message,
                "behind `__builtin_` there are " + (ofIntegers + ofNumbers + ofAnything).sorted().map { "`\($0)`" }.joined(separator: ", ")
            )
        }
        if types.contains(word) {
            return (message, "the types of numbers are `float`, `double`, `_Bool`, `char` and `short` to `long long`")
        }
        return (message, "names that begin with `__`, or with `_` and a capital, are C's own; choose another name")
    }

    /// What is said of `__attribute__` and `[[…]]`.
    static let attribute: Refusal = ("attributes cannot be used here", "leave them out: functions are optimized for the machine at hand")

    private static func isReserved(_ word: String) -> Bool {
        let bytes = Array(word.utf8.prefix(2))
        let underscore = UInt8(ascii: "_")
        return bytes.count == 2 && bytes[0] == underscore
            && (bytes[1] == underscore || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[1]))
    }

    private static let assembly: Set = ["asm", "__asm", "__asm__"]
    private static let attributes: Set = ["__attribute__", "__attribute", "__declspec", "_Noreturn", "_Alignas"]
    private static let types: Set = [
        "_BitInt", "_ExtInt", "_Complex", "__complex__", "__complex", "_Imaginary", "__int128", "__int128_t", "__uint128_t", "_Float16",
        "__fp16",
        "__bf16", "_Float128", "__float128", "_Accum", "_Fract", "_Sat", "_Decimal32", "_Decimal64", "_Decimal128", "_Atomic",
        "_Thread_local",
    ]

    private static let allowed: Set = [
        "_Bool", "_Static_assert", "_Generic", "_Alignof", "__alignof__", "__restrict", "__restrict__", "__inline", "__inline__", "__const",
        "__const__", "__signed__", "__extension__", "__typeof__", "__typeof", "__func__", "__FUNCTION__", "__LINE__", "__CHAR_BIT__",
    ]
    /// Of the numbers and types that clang defines: `__FLT_MAX__`, `__INT64_TYPE__`.
    private static let prefixes = ["__FLT_", "__DBL_", "__INT", "__UINT", "__SIZE", "__PTRDIFF_"]

    /// Those that compute a number of numbers, or move memory, and call nothing; some for `long`, `long long` and `float` too.
    private static let ofIntegers = ["clz", "clrsb", "ctz", "ffs", "parity", "popcount"]
    private static let ofNumbers = [
        "ceil", "copysign", "fabs", "floor", "fma", "fmax", "fmin", "huge_val", "inf", "nan", "rint", "round", "sqrt", "trunc",
    ]
    private static let ofAnything = [
        "bswap16", "bswap32", "bswap64", "choose_expr", "constant_p", "expect", "isfinite", "isgreater", "isinf", "isless", "isnan",
        "isnormal",
        "memcpy", "memmove", "memset", "offsetof", "signbit", "types_compatible_p",
    ]
    private static let builtins = Set(
        (ofIntegers.flatMap { name in ["", "l", "ll"].map { name + $0 } } + ofNumbers.flatMap { [$0, $0 + "f"] } + ofAnything)
            .map { "__builtin_" + $0 })
}
