/// The value of an operator's parameter: what is decided when the graph is built, as against tensors that flow through it.
public enum Attribute: Hashable, Sendable {
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case integers([Int])
    case text(String)
    case function(ScalarFunction)
    /// A shape whose symbols are bound together with those of the graph's types.
    case shape(Shape)
}

/// The kind of value that a parameter takes.
public enum AttributeKind: String, Hashable, Sendable {
    case integer, number, boolean
    /// One integer for both spatial axes, or a pair `(vertical, horizontal)`; stored as two integers.
    case pair
    case integers
    /// One or several integers, or a word that stands for those that fit: see `words`.
    case padding
    case text, function, shape

    /// The texts that serve as a value beside others.
    public var words: [String] { self == .padding ? ["same"] : [] }
}

/// The attributes of a node, by parameter name. Every parameter that has a default is present.
public struct Attributes: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    public var values: [String: Attribute]

    public init(_ values: [String: Attribute] = [:]) { self.values = values }
    public init(dictionaryLiteral elements: (String, Attribute)...) { values = Dictionary(uniqueKeysWithValues: elements) }

    public subscript(name: String) -> Attribute? {
        get { values[name] }
        set { values[name] = newValue }
    }

    public func integer(_ name: String) -> Int {
        guard case .integer(let value)? = values[name] else { preconditionFailure("no integer parameter '\(name)'") }
        return value
    }

    public func number(_ name: String) -> Double {
        switch values[name] {
        case .number(let value)?: return value
        case .integer(let value)?: return Double(value)
        default: preconditionFailure("no number parameter '\(name)'")
        }
    }

    public func boolean(_ name: String) -> Bool {
        guard case .boolean(let value)? = values[name] else { preconditionFailure("no boolean parameter '\(name)'") }
        return value
    }

    public func integers(_ name: String) -> [Int] {
        guard case .integers(let value)? = values[name] else { preconditionFailure("no integer list parameter '\(name)'") }
        return value
    }

    public func text(_ name: String) -> String {
        guard case .text(let value)? = values[name] else { preconditionFailure("no text parameter '\(name)'") }
        return value
    }

    public func function(_ name: String) -> ScalarFunction {
        guard case .function(let value)? = values[name] else { preconditionFailure("no function parameter '\(name)'") }
        return value
    }

    public func shape(_ name: String) -> Shape {
        guard case .shape(let value)? = values[name] else { preconditionFailure("no shape parameter '\(name)'") }
        return value
    }

    /// The attributes with every symbol of a shape replaced by its value in `bindings`.
    public func bound(_ bindings: [String: Int]) -> Attributes {
        Attributes(
            values.mapValues { attribute in
                if case .shape(let shape) = attribute { .shape(shape.bound(bindings)) } else { attribute }
            })
    }
}
