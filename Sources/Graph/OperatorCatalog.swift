/// The operators a reader, a parser or a test may use, by name.
public struct OperatorCatalog: Sendable {
    public let operators: [Operator]
    private let byName: [String: Operator]

    public init(_ operators: [Operator]) {
        self.operators = operators
        byName = Dictionary(operators.map { ($0.name, $0) }) { first, second in
            preconditionFailure("two operators are called '\(first.name)'")
        }
    }

    public subscript(name: String) -> Operator? { byName[name] }
}
