/// The headers that a C file may include without quotes. They are Braid's own and hold what such a file can use, so that what it means
/// depends on no system.
public enum StandardHeaders {
    public static let names = texts.keys.sorted()

    /// Each header by its name, in order.
    public static let files: [(name: String, text: String)] = names.map { ($0, texts[$0] ?? "") }

    /// The macro that is defined where a file is compiled, and not only read: `braid.h` has bodies then.
    static let compiling = "BRAID_COMPILING"

    /// The names of the mathematical functions of `float`, and of those of `double` that do the same.
    static let functionsOfFloat = functions.flatMap { group in group.names.map { (float: $0 + "f", double: $0) } }

    /// What math.h of C17 declares with one, two and three numbers. Functions that cannot be translated are declared too, so that they are
    /// refused for what they are.
    private static let functions: [(parameters: Int, names: [String])] = [
        (
            1,
            [
                "acos", "asin", "atan", "cos", "sin", "tan", "acosh", "asinh", "atanh", "cosh", "sinh", "tanh", "exp", "exp2", "expm1",
                "log", "log10", "log1p", "log2", "logb", "cbrt", "fabs", "sqrt", "erf", "erfc", "lgamma", "tgamma", "ceil", "floor",
                "nearbyint", "rint", "round", "trunc",
            ]
        ),
        (2, ["atan2", "hypot", "pow", "fmod", "remainder", "copysign", "nextafter", "fdim", "fmax", "fmin"]),
        (3, ["fma"]),
    ]

    private static let math =
        """
        #pragma once
        #define M_E 2.7182818284590452354
        #define M_LOG2E 1.4426950408889634074
        #define M_LOG10E 0.43429448190325182765
        #define M_LN2 0.69314718055994530942
        #define M_LN10 2.30258509299404568402
        #define M_PI 3.14159265358979323846
        #define M_PI_2 1.57079632679489661923
        #define M_PI_4 0.78539816339744830962
        #define M_1_PI 0.31830988618379067154
        #define M_2_PI 0.63661977236758134308
        #define M_2_SQRTPI 1.12837916709551257390
        #define M_SQRT2 1.41421356237309504880
        #define M_SQRT1_2 0.70710678118654752440
        #define INFINITY __builtin_inff()
        #define NAN __builtin_nanf("")
        #define isnan(x) __builtin_isnan(x)

        """
        + functions.flatMap { group in
            group.names.flatMap { name in
                ["double", "float"].map { type in
                    let parameters = Array(repeating: type, count: group.parameters).joined(separator: ", ")
                    return "\(type) \(name)\(type == "float" ? "f" : "")(\(parameters));\n"
                }
            }
        }.joined()

    /// The functions of `braid.h`, which C's library lacks and formulas need to keep their digits.
    private static let ofBraid: [(name: String, body: String)] = [
        ("braid_sigmoid", "return 1 / (1 + expf(-x));"), ("braid_softplus", "return (x > 0 ? x : 0) + log1pf(expf(-fabsf(x)));"),
        ("braid_gaussian", "return expf(-x * x);"), ("braid_normal_cdf", "return 0.5f * erfcf(-x / sqrtf(2));"),
    ]

    private static let texts = [
        "math.h": math,
        "braid.h": """
        #pragma once
        #ifdef \(compiling)
        #include <math.h>
        \(ofBraid.map { "static inline float \($0.name)(float x) { \($0.body) }" }.joined(separator: "\n"))
        #else
        \(ofBraid.map { "float \($0.name)(float);" }.joined(separator: "\n"))
        #endif

        """,
        "float.h": """
        #pragma once
        #define FLT_EPSILON __FLT_EPSILON__
        #define FLT_MAX __FLT_MAX__
        #define FLT_MIN __FLT_MIN__

        """,
        "stdbool.h": "#pragma once\n#define bool _Bool\n#define true 1\n#define false 0\n",
        "stddef.h": "#pragma once\ntypedef __SIZE_TYPE__ size_t;\ntypedef __PTRDIFF_TYPE__ ptrdiff_t;\n",
        "stdint.h": "#pragma once\n"
            + ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"].map {
                "typedef __\($0)_TYPE__ \($0.lowercased())_t;\n"
            }.joined(),
        "stdlib.h": "#pragma once\n#include <stddef.h>\nint abs(int);\n",
    ]
}
