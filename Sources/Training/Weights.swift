import Foundation
import Graph
import Interchange
import Recipes
import Runtime

/// Reading a network's weights from files, by the parameters' names.
public enum Weights {
    /// Copies the tensors of a file into an executable's parameters.
    ///
    /// Entries that only a training needs (optimizer state, PyTorch's `num_batches_tracked`) may be in excess, and an executable's own
    /// optimizer state may be missing.
    ///
    /// - Parameters:
    ///   - optional: parameters that only the training of the network has, such as those of an auxiliary head: they may be in excess, where
    ///     the executable predicts, or missing, where it trains on from the weights of a network that predicts.
    ///   - patterns: parameters that are left as they are, and tensors that are passed over, see `names(of:matching:)`.
    /// - Returns: the parameters that hold values that are not finite.
    /// - Throws: `Mismatch` where anything else is missing, in excess or of another shape; `InterchangeError` where the file cannot be read.
    @discardableResult
    public static func load(
        _ file: WeightsFile, into executable: Executable, optional: Set<String> = [], except patterns: [String] = []
    ) throws -> [NonFiniteValues] {
        let patterns = patterns.map(NamePattern.init)
        let isLeft = { (name: String) in patterns.contains { $0.matches(name) } }
        let all = executable.plan.parameters.map { (name: $0.parameter.name, extents: executable.plan.buffers[$0.buffer].extents) }
        let declared = all.filter { !isLeft($0.name) }
        try require(file, for: declared, states: executable.optimizerStates, optional: optional, isLeft)
        return try executable.setParameters(from: FileParameters(file: file, names: Set(declared.map(\.name))))
    }

    /// Checks that a file has a tensor of the right shape for each of some parameters, and none besides.
    ///
    /// - Parameters:
    ///   - declared: the parameters' names and extents.
    ///   - states: those of them that only a training needs, which may be missing: what its optimizer keeps.
    ///   - optional: those that may be missing, or in excess.
    ///   - isLeft: says which names count for nothing.
    /// - Throws: `Mismatch`.
    public static func require(
        _ file: WeightsFile, for declared: [(name: String, extents: [Int])], states: Set<String> = [], optional: Set<String> = [],
        _ isLeft: (String) -> Bool = { _ in false }
    ) throws(Mismatch) {
        let extents = Dictionary(declared.map { ($0.name, $0.extents) }) { first, _ in first }
        let missing = declared.map(\.name).filter { file[$0] == nil && !states.contains($0) && !optional.contains($0) }
        // What an optimizer kept of some parameter says nothing of its own, whatever else is in excess.
        let parameters = Set(extents.keys).union(optional).union(file.entries.map(\.name))
        let unexpected = file.entries.map(\.name).filter { name in
            extents[name] == nil && !optional.contains(name) && !OptimizerState.isName(name, of: parameters) && !isCounter(name)
                && !isLeft(name)
        }
        let misshaped = declared.compactMap { name, extents -> String? in
            guard let entry = file[name], entry.shape != extents else { return nil }
            return "\(name): \(entry.shape) in the file, \(extents) in the network"
        }
        if !(missing.isEmpty && unexpected.isEmpty && misshaped.isEmpty) {
            throw Mismatch(file, missing: missing, unexpected: unexpected.sorted(), misshaped: misshaped, extents: extents)
        }
    }

    /// Sets some parameters to the tensors of their names, which the file has in their shapes.
    public static func set(_ names: [String], of file: WeightsFile, in executable: Executable) throws(InterchangeError) {
        _ = try executable.setParameters(from: FileParameters(file: file, names: Set(names)))
    }

    /// The parameters of an executable, without optimizer state, whose names match one of the patterns, see `NamePattern`.
    public static func names(of executable: Executable, matching patterns: [String]) -> [String] {
        let (patterns, states) = (patterns.map(NamePattern.init), executable.optimizerStates)
        return executable.plan.parameters.map(\.parameter.name).filter { name in
            !states.contains(name) && patterns.contains { $0.matches(name) }
        }
    }

    /// Sets every parameter by its initializer, a pure function of the seed and the parameter's name.
    public static func initialize(_ executable: Executable, seed: UInt64) {
        executable.setParameters(from: SeededParameters(seed: seed))
    }

    /// The parameters of an executable as named tensors, those of the given names or all.
    ///
    /// - Parameter sources: the parameters whose values are taken in place of some, by their names; they have the same shapes.
    public static func tensors(
        of executable: Executable, named names: Set<String>? = nil, from sources: [String: String] = [:]
    ) -> [HostTensor] {
        executable.plan.parameters.filter { names?.contains($0.parameter.name) ?? true }.map { parameter, buffer in
            let extents = executable.plan.buffers[buffer].extents
            let values = unfailing { () throws(RuntimeError) in
                try executable.parameter(sources[parameter.name] ?? parameter.name, as: Float.self)
            }
            return HostTensor(name: parameter.name, shape: extents, floats: values)
        }
    }

    private static func isCounter(_ name: String) -> Bool { name == "num_batches_tracked" || name.hasSuffix(".num_batches_tracked") }
}
