import Interchange
import Language
import Runtime
import Training

extension Network {
    /// The files that a training reads besides its data: those that the network was read from, and those that its `initialize` names.
    public var trainingFiles: [String] { files + (training?.initialFiles.flatMap { WeightsFile.paths(of: $0.path) } ?? []) }

    /// Sets the parameters of a training step as a training begins: by their initializers, with the seed, and from the files that its
    /// `initialize` names.
    ///
    /// Throws where a file cannot be read, lacks one of the parameters or has it with another shape, at the place that names the file.
    public func initialize(_ step: Executable, seed: UInt64) throws(CompilerError) {
        Weights.initialize(step, seed: seed)
        for file in training?.initialFiles ?? [] {
            do {
                try read(file, into: step)
            } catch {
                throw CompilerError(
                    "cannot read `\(file.path)`: \(error.message)", help: error.repair, at: file.span, sources)
            }
        }
    }

    private func read(_ file: InitialFile, into step: Executable) throws(InterchangeError) {
        guard Network.isRegularFile(file.path) else {
            throw InterchangeError(file.path, "there is no such file", repair: "write its path as seen from the file that names it")
        }
        let found = try WeightsFile(path: file.path)
        let extents = Dictionary(
            step.plan.parameters.map { ($0.parameter.name, step.plan.buffers[$0.buffer].extents) }
        ) { first, _ in first }
        for name in file.parameters {
            guard let entry = found[name] else {
                throw InterchangeError(
                    file.path, "it has no `\(name)`", repair: "name those parameters alone that it has, or another file")
            }
            guard let own = extents[name], own == entry.shape else {
                throw InterchangeError(
                    file.path, "`\(name)` is \(entry.shape) there, but \(extents[name] ?? []) in this network",
                    repair: "leave it out, or give the network the same widths")
            }
        }
        try Weights.set(file.parameters, of: found, in: step)
    }
}
