import Source

/// The inputs and outputs that a network declares, also those under an `if` or `for`.
struct NetworkInterface {
    private(set) var inputs: [Name] = []
    private(set) var outputs: [Name] = []

    init(of network: NetworkDefinition) { collect(network.body) }

    private mutating func collect(_ body: Body) {
        for statement in body.statements { collect(statement) }
        if let result = body.result { collect(result) }
    }

    private mutating func collect(_ statement: Statement) {
        switch statement.kind {
        case .input(let name, _, _, _): inputs.append(name)
        case .output(let name, _, _): outputs.append(name)
        case .forEach(_, in: _, let body): collect(body)
        case .expression(let value): collect(value)
        case .bind, .assign: break
        }
    }

    private mutating func collect(_ value: Expression) {
        guard case .conditional(let branches, let otherwise) = value.kind else { return }
        for branch in branches { collect(branch.body) }
        if let otherwise { collect(otherwise) }
    }
}
