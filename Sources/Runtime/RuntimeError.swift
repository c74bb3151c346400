import Graph
import Source

/// What can go wrong when values are given to or taken from an executable.
public enum RuntimeError: Mistake, Hashable {
    case outOfMemory(bytes: Int)
    case unknownName(kind: String, name: String, known: [String])
    case wrongCount(name: String, expected: [Int], observed: Int)
    /// A parameter's own value is gone once what the steps need of it was computed.
    case notKept(name: String)
    case wrongElement(name: String, expected: StoredElement, observed: StoredElement)

    public var diagnostic: Diagnostic { Diagnostic(description, at: .none) }

    public var description: String {
        switch self {
        case .outOfMemory(let bytes): "the system has no \(bytes) bytes of memory"
        case .unknownName(let kind, let name, let known):
            "there is no \(kind) '\(name)'; there " + (known.isEmpty ? "is none" : "are \(known.joined(separator: ", "))")
        case .wrongCount(let name, let expected, let observed):
            "'\(name)' has \(expected.map(String.init).joined(separator: " x ")) = \(expected.reduce(1, *)) elements, got \(observed)"
        case .notKept(let name): "'\(name)' is not kept for inference: set all parameters again, from a source"
        case .wrongElement(let name, let expected, let observed):
            "'\(name)' holds \(expected.rawValue) elements, not \(observed.rawValue)"
        }
    }
}
