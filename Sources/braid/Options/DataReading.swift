import ArgumentParser
import Graph
import Interchange
import Source
import Training

/// How a data set is read.
struct DataReading: ParsableArguments {
    @Flag(help: "Leaves out pictures that cannot be read, and names them; otherwise they are errors.")
    var skipBroken = false

    var options: DatasetOptions { DatasetOptions(skipsBroken: skipBroken) }

    /// Reads one part; tells on standard error what was left out.
    func open(
        _ data: DatasetSpecification, _ part: Dataset.Part, extents: ImageExtents? = nil,
        preparation: PicturePreparation = PicturePreparation()
    ) throws(InterchangeError) -> Dataset {
        let dataset = try data.open(part, extents: extents, preparation: preparation, options: options)
        if !dataset.skipped.isEmpty {
            let (skipped, count) = (dataset.skipped.count, dataset.skipped.count + dataset.count)
            let warning = Diagnostic(
                "\(Format.grouped(skipped)) of the \(Format.grouped(count)) \(part == .training ? "training" : "held-out") pictures of \(data) "
                    + "cannot be read and \(skipped == 1 ? "is" : "are") left out; \(Format.grouped(dataset.count)) \(dataset.count == 1 ? "is" : "are") left",
                severity: .warning, at: .none, notes: dataset.skipped.map(\.finding))
            Console.error(DiagnosticRenderer(SourceMap(), usesColor: Console.errorUsesColor).render(warning))
        }
        return dataset
    }
}
