/// The value of an operator's parameter: what is decided when the graph is built, as against tensors that flow through it.
public enum Attribute: Hashable, Sendable {
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case integers([Int])
    case numbers([Double])
    case text(String)
    case function(ScalarFunction)
    /// A shape whose symbols are bound together with those of the graph's types.
    case shape(Shape)
}

/// The kind of value that a parameter takes.
public enum AttributeKind: String, Hashable, Sendable {
    case integer, number, boolean
    /// One integer for all spatial axes, a pair `(vertical, horizontal)`, or three of volumes, the depth first; one is stored as two integers.
    case pair
    case integers
    /// A list of numbers, or none.
    case numbers
    /// One or several integers, or a word that stands for those that fit: see `words`.
    case padding
    case text, function, shape
    /// An integer or a size; stored as a shape of one extent where it is no number yet.
    case extent
    /// Integers and sizes; stored as a shape where one of them is no number yet. Rules say what -1 stands for.
    case extents

    /// The texts that serve as a value beside others.
    public var words: [String] { self == .padding ? ["same"] : [] }
}

extension AttributeKind {
    /// `value` as this kind, nil if it is not one; an integer serves as a number and, doubled, as a pair.
    public func convert(_ value: Attribute) -> Attribute? {
        switch (self, value) {
        case (.integer, .integer), (.number, .number), (.boolean, .boolean), (.integers, .integers), (.numbers, .numbers), (.text, .text),
            (.function, .function),
            (.shape, .shape):
            value
        case (.number, .integer(let integer)): .number(Double(integer))
        case (.numbers, .integers(let list)): .numbers(list.map(Double.init))
        case (.extent, .integer), (.extents, .integers): value
        case (.extents, .integer(let integer)): .integers([integer])
        case (.extent, .shape(let shape)) where shape.rank == 1: shape[0].value.map(Attribute.integer) ?? value
        case (.extents, .shape(let shape)): shape.extents.map(Attribute.integers) ?? value
        case (.pair, .integer(let integer)): .integers([integer, integer])
        case (.pair, .integers(let list)) where [2, 3].contains(list.count): value
        case (.pair, .integers(let list)) where list.count == 1: .integers([list[0], list[0]])
        case (.integers, .integer(let integer)), (.padding, .integer(let integer)): .integers([integer])
        case (.padding, .integers): value
        case (_, .text(let text)) where words.contains(text): value
        default: nil
        }
    }

    /// The kind in words, with its article.
    public var phrase: String {
        switch self {
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "true or false"
        case .pair: "an integer or a list of two or three"
        case .integers: "a list of integers"
        case .numbers: "a list of numbers"
        case .padding: "an integer, a list of integers or \"\(words.joined(separator: "\" or \""))\""
        case .text: "a text"
        case .function: "a scalar function"
        case .shape: "a shape"
        case .extent: "an integer or a size"
        case .extents: "a list of integers and sizes"
        }
    }
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

    public func numbers(_ name: String) -> [Double] {
        guard case .numbers(let value)? = values[name] else { preconditionFailure("no number list parameter '\(name)'") }
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

    /// A parameter of integers and sizes, or of one.
    public func extents(_ name: String) -> [Dimension] {
        switch values[name] {
        case .integer(let value)?: return [.fixed(value)]
        case .integers(let list)?: return list.map(Dimension.fixed)
        case .shape(let shape)?: return shape.dimensions
        default: preconditionFailure("no parameter '\(name)' of extents")
        }
    }

    /// The attributes with every symbol of a shape replaced by its value in `bindings`.
    public func bound(_ bindings: [String: Int]) -> Attributes {
        Attributes(
            values.mapValues { attribute in
                if case .shape(let shape) = attribute { .shape(shape.bound(bindings)) } else { attribute }
            })
    }
}
