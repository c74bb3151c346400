import Graph
import Source

/// What an expression stands for while a network is elaborated.
indirect enum ElaboratedValue {
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case text(String)
    case list([ElaboratedValue])
    case tuple([ElaboratedValue])
    case tensor(Value)
    /// A number that follows from the sizes of the inputs, and is known when the network runs.
    case size(SizeQuotient)
    /// An element's value inside an activation.
    case scalar(Scalar)
    /// A comparison of such values, decided for each element.
    case condition(Condition)
    case callable(Callable)
    /// A callable with some of its arguments.
    case application(Application)
    /// `none`: what is not given.
    case absent
    /// What a body without a value gives.
    case nothing
    /// Stands for a value whose error has been reported, so that nothing else is said about it.
    case poison

    var isPoison: Bool { if case .poison = self { true } else { false } }

    /// Whether it is a list with an erroneous element, however deep.
    var holdsPoison: Bool {
        if case .list(let items) = self { return items.contains { $0.isPoison || $0.holdsPoison } }
        return false
    }

    /// Lists are no longer, so that a hostile source cannot exhaust memory.
    static let maximumCount = 65_536
}

extension ElaboratedValue {
    /// The value as a number, if it is one.
    var asNumber: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The value as an element's expression, if it is one or a number.
    var asScalar: Scalar? {
        if case .scalar(let scalar) = self { return scalar }
        return asNumber.map { .constant($0) }
    }

    /// The elements of a list or tuple.
    var items: [ElaboratedValue]? {
        switch self {
        case .list(let items), .tuple(let items): items
        default: nil
        }
    }

    /// Whether two constants are equal; nil for values that are no constants.
    func isEqual(to other: ElaboratedValue) -> Bool? {
        switch (self, other) {
        case (.absent, .absent): return true
        case (.absent, _), (_, .absent): return false
        case (.integer(let a), .integer(let b)): return a == b
        case (.boolean(let a), .boolean(let b)): return a == b
        case (.text(let a), .text(let b)): return a == b
        case (.callable(let a), .callable(let b)): return a.name == b.name
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            guard a.count == b.count else { return false }
            var isEqual = true
            for (x, y) in zip(a, b) {
                guard let same = x.isEqual(to: y) else { return nil }
                isEqual = isEqual && same
            }
            return isEqual
        default:
            guard let a = asNumber, let b = other.asNumber else { return nil }
            return a == b
        }
    }

    /// What a list or tuple has that is known only when the network runs.
    private var sizeWithin: String {
        let first = items?.first { if case .size = $0 { true } else { false } }
        if case .size(let size)? = first { return " that has the size \(size)" }
        return ""
    }

    /// The kind of value in words, with its article.
    func phrase(in graph: Graph) -> String {
        switch self {
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "a truth value"
        case .text: "a text"
        case .list: "a list" + sizeWithin
        case .tuple: "a tuple" + sizeWithin
        case .tensor(let value): "a tensor \(graph[value].type)"
        case .size(let size): "the size \(size)"
        case .scalar: "an element's value"
        case .condition: "a condition on elements"
        case .callable(let callable): callable.phrase
        case .application(let application): "\(application.callable.phrase) with some of its arguments"
        case .absent: "`none`"
        case .nothing: "nothing"
        case .poison: "an erroneous value"
        }
    }

    /// The value as the language writes it, for network parameters.
    var constantText: String? {
        switch self {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .boolean(let value): "\(value)"
        case .text(let value): value.debugDescription
        case .callable(let callable): callable.name
        case .application(let application): "\(application.callable.name)(…)"
        case .absent: LanguageConstant.none.rawValue
        default: nil
        }
    }
}
