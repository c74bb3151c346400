import Graph

/// What can be called by name.
enum Callable {
    case block(BlockSyntax)
    case activation(ActivationSyntax)
    case foreign(OperatorSyntax)
    case builtin(Builtin)
    case operation(Operator)
    /// Of numbers and lists, while the network is built.
    case function(LanguageFunction)

    /// The kind in words, with its article.
    var phrase: String {
        switch self {
        case .block: "a block"
        case .activation: "an activation"
        case .builtin, .function: "a function"
        case .operation, .foreign: "an operator"
        }
    }

    var name: String {
        switch self {
        case .block(let block): block.name.text
        case .activation(let activation): activation.name.text
        case .foreign(let definition): definition.name.text
        case .builtin(let builtin): builtin.name
        case .operation(let operation): operation.name
        case .function(let function): function.name
        }
    }
}
