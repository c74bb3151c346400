/// One of several ways to do something, which the language names and gives numbers to: the optimizer `sgd(momentum: 0.9)`, the
/// initializer `normal(0.02)`. One row a form, in one place: the language reads by the rows, recipes and graphs are printed and read by
/// them, and the reference lists them.
public protocol Form: Sendable {
    /// What forms of this kind are called, in one word: `optimizer`.
    static var kind: String { get }
    /// All forms of this kind, in the order of the reference.
    static var all: [Self] { get }

    var name: String { get }
    var parameters: [FormParameter] { get }
    /// What it does, with its formula, in a sentence or two.
    var summary: String { get }
    /// The paper or implementation that it follows; empty where it needs none.
    var source: String { get }

    /// What is wrong with values of which each is within its own bounds; nil if nothing is.
    func problem(_ values: Attributes) -> FormProblem?
}

extension Form {
    public var source: String { "" }
    public func problem(_ values: Attributes) -> FormProblem? { nil }

    /// The form with some of its parameters given, the others at their defaults.
    public func callAsFunction(_ given: Attributes = [:]) -> Chosen<Self> { Chosen(self, given) }

    /// The form of this name, nil if there is none.
    public static func named(_ name: String) -> Self? { all.first { $0.name == name } }
}

extension Form {
    /// As a call is written: `sgd(momentum: 0, nesterov: false)`, without what all forms of the kind take.
    public var signature: String {
        let parts = parameters.filter { !$0.isCommon }.map { parameter in
            parameter.name + (parameter.defaultValue.map { ": \($0.text(as: parameter.kind))" } ?? "")
        }
        return name + (parts.isEmpty ? "" : "(\(parts.joined(separator: ", ")))")
    }

    /// What it does, and what its parameters are, in sentences.
    public var explanation: String {
        let parameters = parameters.filter { !$0.isCommon && !$0.summary.isEmpty }.map { "`\($0.name)`: \($0.summary)" }
        return ([summary] + parameters).joined(separator: "; ")
    }

    /// The forms of this kind as a table in Markdown.
    public static var table: [String] {
        ["| \(kind) | meaning | source |", "|---|---|---|"]
            + all.map { "| `\($0.signature)` | \($0.explanation) | \($0.source) |" }
    }
}

/// Why values do not go together, and how to repair that.
public struct FormProblem: Hashable, Sendable {
    public var message: String
    public var repair: String

    public init(_ message: String, repair: String) {
        self.message = message
        self.repair = repair
    }
}

/// One parameter of a form: a number within bounds, a truth value, or integers that ascend.
public struct FormParameter: Sendable {
    public var name: String
    /// One of number, integer, boolean and integers.
    public var kind: AttributeKind
    /// The bounds of numbers and integers.
    public var range: ClosedRange<Double>
    /// Nil when it must be given, or may be left out altogether (`isOptional`).
    public var defaultValue: Attribute?
    public var isOptional = false
    /// Whether all, or nearly all, forms of the kind take it, so that the reference tells of it once.
    public var isCommon = false
    /// What it is, with its unit; empty where the form's own words say it.
    public var summary: String

    public static func number(
        _ name: String, _ range: ClosedRange<Double>, default value: Double? = nil, _ summary: String = ""
    ) -> FormParameter {
        FormParameter(name: name, kind: .number, range: range, defaultValue: value.map(Attribute.number), summary: summary)
    }

    public static func integer(
        _ name: String, _ range: ClosedRange<Double>, default value: Int? = nil, isOptional: Bool = false, _ summary: String = ""
    ) -> FormParameter {
        FormParameter(
            name: name, kind: .integer, range: range, defaultValue: value.map(Attribute.integer), isOptional: isOptional, summary: summary)
    }

    public static func boolean(_ name: String, default value: Bool, _ summary: String = "") -> FormParameter {
        FormParameter(name: name, kind: .boolean, range: 0...1, defaultValue: .boolean(value), summary: summary)
    }

    public static func integers(_ name: String, _ range: ClosedRange<Double>, _ summary: String = "") -> FormParameter {
        FormParameter(name: name, kind: .integers, range: range, summary: summary)
    }

    /// The same, which may be left out.
    public var optional: FormParameter {
        var parameter = self
        parameter.isOptional = true
        return parameter
    }

    /// The same, told of once for all forms of the kind.
    public var common: FormParameter {
        var parameter = self
        parameter.isCommon = true
        return parameter
    }

    /// More than nothing, up to a million.
    public static let positive = Double.leastNormalMagnitude...1e6
    public static let share = 0.0...1.0
}

/// A form with its parameters given.
public struct Chosen<Row: Form>: Hashable, Sendable, CustomStringConvertible {
    public let form: Row
    /// By parameter name; every parameter that has a default is present.
    public private(set) var values: Attributes

    /// - Precondition: `given` are parameters of the form, of their kinds, and those without a default are all given.
    public init(_ form: Row, _ given: Attributes = [:]) {
        self.form = form
        values = Attributes()
        for parameter in form.parameters {
            guard let value = given[parameter.name] ?? parameter.defaultValue else {
                precondition(parameter.isOptional, "\(form.name) needs '\(parameter.name)'")
                continue
            }
            self[parameter.name] = value
        }
        precondition(given.values.keys.allSatisfy { name in form.parameters.contains { $0.name == name } }, "\(form.name): \(given)")
    }

    /// A parameter's value; nil for one that may be left out and is.
    public subscript(name: String) -> Attribute? {
        get { values[name] }
        set {
            guard let parameter = form.parameters.first(where: { $0.name == name }) else {
                preconditionFailure("\(form.name) has no parameter '\(name)'")
            }
            let value = newValue.map { value -> Attribute in
                guard let converted = parameter.kind.convert(value) else {
                    preconditionFailure("\(form.name): '\(name)' is \(parameter.kind.phrase), not \(value)")
                }
                return converted
            }
            precondition(value != nil || parameter.isOptional, "\(form.name) needs '\(name)'")
            values[name] = value
        }
    }

    public static func == (first: Self, second: Self) -> Bool { first.form.name == second.form.name && first.values == second.values }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(form.name)
        hasher.combine(values)
    }

    /// As the language writes it, without what is as by default: `sgd(momentum: 0.9)`.
    public var description: String {
        let arguments = form.parameters.compactMap { parameter in
            values[parameter.name].flatMap { $0 == parameter.defaultValue ? nil : "\(parameter.name): \($0.text(as: parameter.kind))" }
        }
        return form.name + (arguments.isEmpty ? "" : "(\(arguments.joined(separator: ", ")))")
    }
}

extension Attribute: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral {
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(arrayLiteral elements: Int...) { self = .integers(elements) }
}
