import Foundation
import Interchange
import Source

extension Weights {
    /// What of a file does not fit a network.
    public struct Mismatch: Mistake, Equatable {
        public let path: String
        /// Parameters that the file lacks.
        public let missing: [String]
        /// Tensors that the network has no parameter for.
        public let unexpected: [String]
        /// Tensors of other shapes than their parameters, as text.
        public let misshaped: [String]
        /// Of missing parameters, tensors that may be meant, by the parameters' names.
        private let near: [String: String]
        /// A value of `--map` under which all that is missing is there.
        private let mapping: String?

        /// How many names of each kind are shown.
        private static let shown = 12
        /// Among how many tensors those of a similar spelling are looked for: more than networks have, and little enough to be compared at once.
        private static let mostCompared = 10_000

        /// - Parameter extents: those of the parameters by their names, where the network has them.
        init(_ file: WeightsFile, missing: [String], unexpected: [String], misshaped: [String], extents: [String: [Int]]) {
            (path, self.missing, self.unexpected, self.misshaped) = (file.path, missing, unexpected, misshaped)
            mapping = Self.mapping(missing, unexpected)
            var near: [String: String] = [:]
            for name in missing.prefix(Self.shown) {
                // A tensor of the same shape is likelier, but there may be none.
                let fitting = unexpected.filter { file[$0]?.shape == extents[name] }
                near[name] = Self.nearest(to: name, in: fitting) ?? Self.nearest(to: name, in: unexpected)
            }
            self.near = near
        }

        private static func nearest(to name: String, in candidates: [String]) -> String? {
            if let same = candidates.first(where: { $0.hasSuffix(".\(name)") || name.hasSuffix(".\($0)") }) { return same }
            return candidates.count <= mostCompared ? Spelling.nearest(to: name, in: candidates) : nil
        }

        /// The mapping that takes a prefix away, or puts one before all names.
        private static func mapping(_ missing: [String], _ unexpected: [String]) -> String? {
            guard let first = missing.first else { return nil }
            let names = Set(unexpected)
            for name in unexpected {
                if name.hasSuffix(".\(first)") {
                    let prefix = name.dropLast(first.count)
                    if missing.allSatisfy({ names.contains(prefix + $0) }) { return "\(prefix)*=*" }
                } else if first.hasSuffix(".\(name)") {
                    let prefix = first.dropLast(name.count)
                    if missing.allSatisfy({ $0.hasPrefix(prefix) && names.contains(String($0.dropFirst(prefix.count))) }) {
                        return "*=\(prefix)*"
                    }
                }
            }
            return nil
        }

        private var repair: String {
            if let mapping { return "they are called otherwise: give --map '\(mapping)'" }
            return "name the network that they were made for, with the same -D; rename tensors with --map OLD=NEW; "
                + "a training may leave some out with --except"
        }

        public var diagnostic: Diagnostic {
            Diagnostic("\(path): these weights are not of this network", at: .none, notes: [listing], help: repair)
        }
        public var description: String { "\(path): these weights are not of this network\n\(listing)\n\(repair)" }

        /// The names, a few of each kind.
        public var listing: String {
            let absent = missing.map { name in near[name].map { "\(name) (there is \($0))" } ?? name }
            return (list("missing in the file", absent) + list("unknown to the network", unexpected) + list("of another shape", misshaped))
                .joined(separator: "\n")
        }

        private func list(_ title: String, _ names: [String]) -> [String] {
            if names.isEmpty { return [] }
            let shown = names.prefix(Self.shown).map { "  \($0)" }
            return ["\(title):"] + shown + (names.count > Self.shown ? ["  … and \(names.count - Self.shown) more"] : [])
        }
    }
}
