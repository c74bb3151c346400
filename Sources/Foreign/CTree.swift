import Source

/// The types of numbers in C, as far as they can be translated.
enum CType: Hashable, Sendable {
    /// `float`, and `double` where nobody asked for it: the type of `0.5`.
    case floating
    /// An integer between two bounds, which a constant must keep.
    case integer(lower: Int, upper: Int)
    case boolean

    static let int = CType.integer(lower: Int(Int32.min), upper: Int(Int32.max))

    var isInteger: Bool { self != .floating }
}

/// An expression of C without what only a compiler needs.
struct CExpression: Sendable {
    indirect enum Kind: Sendable {
        case integer(Int)
        case number(Double)
        case variable(CVariable)
        case element(of: CVariable, index: CExpression)
        case negate(CExpression)
        case not(CExpression)
        case binary(CBinary, CExpression, CExpression)
        /// `&&`, or else `||`.
        case logic(isAnd: Bool, CExpression, CExpression)
        case conditional(CExpression, then: CExpression, otherwise: CExpression)
        case conversion(to: CType, CExpression)
        case call(CFunction.ID, [CExpression])
        case math(MathFunction, [CExpression])
        /// `powf`, whose exponent must be a constant.
        case power(CExpression, CExpression)
        case isNaN(CExpression)
    }

    var kind: Kind
    var type: CType
    var span: Span
}

enum CBinary: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case less = "<"
    case greater = ">"
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="

    var compares: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide, .remainder: false
        default: true
        }
    }
}

/// A variable of a function, or a constant of the file.
struct CVariable: Hashable, Sendable {
    /// Tells it from others of its name: `ClangCursor.identity`.
    var declaration: Int
    var name: String
    var type: CType
    /// The number of elements, nil for what is no array.
    var count: Int?
}

struct CDeclaration: Sendable {
    var variable: CVariable
    /// One a variable, as many as are written for an array; empty where it begins with nothing.
    var values: [CExpression]
}

struct CStatement: Sendable {
    indirect enum Kind: Sendable {
        case declare([CDeclaration])
        /// `variable = value`, an element of it where there is an index; `x += 1` has become `x = x + 1`.
        case assign(CVariable, index: CExpression?, CExpression)
        case branch(CExpression, then: CStatement, otherwise: CStatement?)
        /// Every loop: `while` has no start and step, `do` looks at the condition behind its body.
        case loop(start: CStatement?, CExpression, step: CStatement?, body: CStatement, looksFirst: Bool)
        case block([CStatement])
        case give(CExpression)
        case leaveLoop
        case continueLoop
    }

    var kind: Kind
    var span: Span
}

struct CFunction: Sendable {
    /// Its name: a file defines a function once.
    typealias ID = String

    struct Parameter: Sendable {
        var variable: CVariable
        var name: String
        var span: Span
    }

    var name: String
    /// Where its name stands.
    var span: Span
    var parameters: [Parameter]
    var result: CType
    var body: CStatement
}

/// The functions of a C file that can be called from the language, and those that they call.
struct CProgram: Sendable {
    var functions: [CFunction.ID: CFunction] = [:]
    /// The constants of the file that functions read.
    var constants: [CVariable: CDeclaration] = [:]
}

/// Why a function has no expression, with the place in the C file.
struct CProblem: Error {
    var message: String
    var span: Span
    var help: String?
    /// Whether it only follows from what has been reported.
    var isConsequence = false

    init(_ message: String, at span: Span, help: String? = nil) {
        self.message = message
        self.span = span
        self.help = help
    }

    /// What is read has no value; names of variables are looked at before.
    static func undefined(at span: Span) -> CProblem { CProblem("this has no value", at: span) }

    /// A function could not be read.
    static func unreadable(at span: Span) -> CProblem {
        var problem = CProblem("this function cannot be translated", at: span)
        problem.isConsequence = true
        return problem
    }
}
