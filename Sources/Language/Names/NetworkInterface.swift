import Source

/// The inputs and outputs that a network declares, also those under an `if` or `for`.
struct NetworkInterface {
    private(set) var inputs: [NameSyntax] = []
    private(set) var outputs: [NameSyntax] = []
    /// The symbols that stand for sizes, unless a parameter of the network is called so.
    private(set) var sizes: [NameSyntax] = []

    init(of network: NetworkSyntax) { collect(network.body) }

    private mutating func collect(_ body: BodySyntax) {
        for statement in body.statements { collect(statement) }
        if let result = body.result { collect(result) }
    }

    private mutating func collect(_ statement: StatementSyntax) {
        switch statement.kind {
        case .input(let name, let type, _, _, _):
            inputs.append(name)
            for case .name(let size) in type.dimensions.dropFirst().map(\.kind) where size.isSymbol {
                sizes.append(NameSyntax(text: size, span: type.span))
            }
        case .output(let name, _, _, _): outputs.append(name)
        case .forEach(_, in: _, let body): collect(body)
        case .expression(let value): collect(value)
        case .bind, .assign, .precision, .parameter, .update, .assert, .returns: break
        }
    }

    private mutating func collect(_ value: ExpressionSyntax) {
        guard case .conditional(let branches, let otherwise) = value.kind else { return }
        for branch in branches { collect(branch.body) }
        if let otherwise { collect(otherwise) }
    }
}
