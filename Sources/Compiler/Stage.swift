import Graph

/// A station of the road from text to machine code; each can be printed.
public enum Stage: String, CaseIterable, Sendable {
    case tokens, syntax, graph, language, training, optimized, plan, kernels, llvm, assembly, object

    public var summary: String {
        switch self {
        case .tokens: "the words of the source text, with their places"
        case .syntax: "the syntax tree"
        case .graph: "the elaborated network: typed, every shape inferred"
        case .language: "the graph as a .braid file: pipelines, blocks, loops"
        case .training: "the training step: gradients and updates added"
        case .optimized: "the graph after all passes: layouts assigned, kernels' groups decided"
        case .plan: "every buffer's place and every step's kernel"
        case .kernels: "the loop nests"
        case .llvm: "LLVM IR"
        case .assembly: "the target's assembly"
        case .object: "an object file for the target"
        }
    }
}
