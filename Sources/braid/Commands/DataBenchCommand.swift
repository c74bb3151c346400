import ArgumentParser
import Compiler
import Graph
import Interchange
import Training

struct DataBenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures how fast a data set is read, and how fast batches are made of it.",
        discussion: """
            EXAMPLES
              braid data bench mnist:data/mnist
              braid data bench folder:photos --for graphs/resnet.braid:resnet18

            A training reads its pictures once, on all cores, and keeps them; threads of its own, one on eight cores, then make batches ahead of the steps:
            shuffled, augmented and normalized. Where it cannot keep up with the steps, `braid train` says so at its end.
            """)

    @Argument(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

    @Option(
        name: .customLong("for"), help: ArgumentHelp("A network: makes batches as its training has them.", valueName: "file"),
        completion: .file(extensions: ["braid"]))
    var file: String?

    @OptionGroup var choice: NetworkChoice

    @Option(help: ArgumentHelp("Pictures a batch (default: the recipe's, else 64).", valueName: "count"))
    var batch: Int?

    @Option(help: ArgumentHelp("How long batches are made.", valueName: "number"))
    var seconds = 2.0

    @Option(help: ArgumentHelp("What augmentations, and --held-out, go by (default: the recipe's, else 0).", valueName: "number"))
    var seed: UInt64?

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        if !(seconds >= 0 && seconds <= 3600) { throw ValidationError("--seconds must be from 0 to 3600, not \(seconds)") }
        if file == nil, choice.isMade { throw ValidationError("--network and -D are about the network of --for") }
    }

    func run() throws {
        let network = try file.map { try choice.load($0) }
        let input = try network?.pictureInput()
        let recipe = try network.map { try $0.requireTraining().recipe }
        let seed = seed ?? recipe?.seed.map { UInt64($0) } ?? 0
        let start = ContinuousClock.now
        let pictures = try network?.dataPictures()
        var options = reading.options(seed: seed)
        options.pictureTarget = pictures?.target
        let dataset = try DataReading.open(
            data, .training, extents: pictures?.extents, preparation: input?.preparation ?? PicturePreparation(), options: options)
        let readingSeconds = (ContinuousClock.now - start).seconds
        let size = min(batch ?? recipe?.batchSize ?? 64, dataset.count)
        let preparation = input?.preparation ?? PicturePreparation()
        let maker = BatchMaker(
            dataset, normalization: try preparation.normalization(recipe, of: dataset),
            options: try recipe.map { try Trainer.batchOptions($0, for: dataset, size: size, seed: seed, tuple: input?.tuple ?? .single) }
                ?? .training(batchSize: size, seed: seed))
        let loading = measure(maker)
        let record = Record(
            data: data.description, count: dataset.count,
            extents: [dataset.extents.channels, dataset.extents.height, dataset.extents.width],
            readingSeconds: readingSeconds, threads: loading.threads, batch: size, batches: loading.batches,
            imagesPerSecond: loading.picturesPerSecond,
            bytesPerSecond: loading.picturesPerSecond * Double(dataset.extents.count * 4))
        if json { Console.printJSON(record) } else { show(record, dataset) }
    }

    /// Makes batches one after the other, for the time that was asked for and at least one.
    private func measure(_ maker: BatchMaker) -> LoaderRate {
        let loader = Loader(maker, epochs: .max)
        let start = ContinuousClock.now
        repeat {
            if loader.next() == nil { break }
        } while (ContinuousClock.now - start).seconds < seconds
        return loader.rate
    }

    private func show(_ record: Record, _ dataset: Dataset) {
        let pictures = "\(Format.grouped(dataset.count)) picture\(dataset.count == 1 ? "" : "s")"
        print(Console.bold(dataset.name) + ": \(pictures) of \(dataset.extents)")
        let rate = Format.scaled(Double(dataset.count) / max(record.readingSeconds, 1e-9))
        print("  read    in \(Format.duration(record.readingSeconds)), \(rate) pictures/s")
        print(
            "  loader  \(Format.scaled(record.imagesPerSecond)) pictures/s in batches of \(record.batch), "
                + "\(Format.scaled(record.bytesPerSecond, "B"))/s of f32, on \(record.threads) thread\(record.threads == 1 ? "" : "s")")
    }

    private struct Record: Encodable {
        var data: String
        var count: Int
        var extents: [Int]
        var readingSeconds: Double
        var threads: Int
        var batch: Int
        var batches: Int
        var imagesPerSecond: Double
        var bytesPerSecond: Double
    }
}
