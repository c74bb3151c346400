import Interchange

/// Why weights cannot be loaded.
public enum WeightsFailure: Error, Sendable, CustomStringConvertible {
    case file(InterchangeError)
    case mismatch(Weights.Mismatch)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .mismatch(let mismatch): "\(mismatch.path): these weights are not of this network\n\(mismatch.listing)"
        }
    }
}

extension Weights.Mismatch {
    /// The names, a few of each kind.
    public var listing: String {
        (list("missing in the file", missing) + list("unknown to the network", unexpected) + list("of another shape", misshaped))
            .joined(separator: "\n")
    }

    private func list(_ title: String, _ names: [String]) -> [String] {
        if names.isEmpty { return [] }
        let shown = names.prefix(12).map { "  \($0)" }
        return ["\(title):"] + shown + (names.count > 12 ? ["  … and \(names.count - 12) more"] : [])
    }
}
