import ArgumentParser
import Graph
import Interchange
import Source
import Training

/// How a data set is read.
struct DataReading: ParsableArguments {
    @Flag(help: "Leaves out pictures that cannot be read, and names them; otherwise they are errors.")
    var skipBroken = false

    @Option(
        help: ArgumentHelp(
            "Holds out a share of every class, such as 0.1, where the data have no held-out part; which pictures, the seed says.",
            valueName: "share"))
    var heldOut: Double?

    func validate() throws {
        if let heldOut, !(heldOut > 0 && heldOut < 1) { throw ValidationError("--held-out takes a share between 0 and 1, such as 0.1") }
    }

    /// - Parameter seed: what decides which pictures are held out.
    func options(seed: UInt64) -> DatasetOptions {
        DatasetOptions(skipsBroken: skipBroken, split: heldOut.map { DatasetSplit(share: $0, seed: seed) })
    }

    /// Reads one part; tells on standard error what was left out.
    static func open(
        _ data: DatasetSpecification, _ part: Dataset.Part, extents: ImageExtents? = nil,
        preparation: PicturePreparation = PicturePreparation(),
        options: DatasetOptions
    ) throws(InterchangeError) -> Dataset {
        let dataset = try data.open(part, extents: extents, preparation: preparation, options: options)
        warn(dataset.skipped, left: dataset.count, part == .training ? "training" : "held-out", data)
        return dataset
    }

    /// Warns of what cannot be read, naming each.
    static func warn(_ broken: [InterchangeError], left: Int, _ part: String, _ data: DatasetSpecification) {
        if broken.isEmpty { return }
        let warning = Diagnostic(
            "\(Format.grouped(broken.count)) of the \(Format.grouped(broken.count + left)) \(part) pictures of \(data) cannot be read "
                + "and \(broken.count == 1 ? "is" : "are") left out; \(Format.grouped(left)) \(left == 1 ? "is" : "are") left",
            severity: .warning, at: .none, notes: broken.map(\.finding))
        Console.error(DiagnosticRenderer(SourceMap(), usesColor: Console.errorUsesColor).render(warning))
    }
}
