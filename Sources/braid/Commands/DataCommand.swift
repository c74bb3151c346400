import ArgumentParser
import Foundation
import Interchange
import Training

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Fetches data sets and shows what is in them.",
        subcommands: [DataFetchCommand.self, DataShowCommand.self])
}

struct DataFetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Downloads a data set and verifies it.",
        discussion: """
            EXAMPLES
              braid data fetch mnist --to data/mnist
              braid data fetch mnist --to data/mnist --mirror http://localhost:8000/mnist

            What is there and valid is kept, what was begun is continued, and what arrives must have the right SHA-256.
            """)

    @Argument(help: ArgumentHelp("mnist or fashion-mnist.", valueName: "name"), transform: DataFetchCommand.dataset)
    var dataset: RemoteDataset

    @Option(help: ArgumentHelp("The folder for the files.", valueName: "folder"))
    var to: String

    @Option(parsing: .singleValue, help: ArgumentHelp("An address to fetch from; may be given repeatedly.", valueName: "url"))
    var mirror: [String] = []

    @OptionGroup var progress: ProgressOptions

    func run() throws {
        StandardOutput.outlivesItsReader()
        let isQuiet = progress.quiet
        var line = ProgressLine(isQuiet: isQuiet)
        let fetch = DataFetch(to: to) { event in
            switch event {
            case .kept(let file):
                line.clear()
                if !isQuiet { print("kept     \(file.name) (\(Format.bytes(file.size)), verified)") }
            case .received(let file, let bytes):
                line.show(
                    "fetching \(file.name): \(Format.bytes(bytes)) of \(Format.bytes(file.size))", part: Double(bytes) / Double(file.size))
            case .fetched(let file):
                line.clear()
                if !isQuiet { print("fetched  \(file.name) (\(Format.bytes(file.size)), verified)") }
            case .failed(let error):
                line.clear()
                Console.error("failed   \(error)\n")
            }
        }
        try fetch.fetch(dataset, mirrors: mirror)
        if !isQuiet { print("now train on it: --data mnist:\(to)") }
    }

    private static func dataset(_ name: String) throws -> RemoteDataset {
        if let dataset = RemoteDataset.all.first(where: { $0.name == name }) { return dataset }
        throw ValidationError("there is no data set '\(name)' to fetch; there are \(RemoteDataset.all.map(\.name).joined(separator: ", "))")
    }
}

struct DataShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Describes a data set, and draws its pictures as a PNG file.",
        discussion: """
            EXAMPLES
              braid data show builtin:digits
              braid data show builtin:digits --count 100 -o sheet.png
              braid data show mnist:data/mnist --part held-out --index 7 -o seven.png
            """)

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case training
        case heldOut = "held-out"
    }

    @Argument(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

    @Option(help: ArgumentHelp("What --held-out goes by.", valueName: "number"))
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Which pictures: training or held-out.", valueName: "part"))
    var part = Part.training

    @Option(help: ArgumentHelp("The first picture to draw, from 0.", valueName: "index"))
    var index: Int?

    @Option(help: ArgumentHelp("How many pictures to draw (default: 100, or 1 with --index).", valueName: "count"))
    var count: Int?

    @Option(help: ArgumentHelp("Pictures in a row of the sheet.", valueName: "count"))
    var columns = 10

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the PNG file.", valueName: "path"))
    var output: String?

    func validate() throws {
        if let count, !(1...10_000).contains(count) { throw ValidationError("--count must be from 1 to 10000, not \(count)") }
        if !(1...1000).contains(columns) { throw ValidationError("--columns must be from 1 to 1000, not \(columns)") }
        if let index, index < 0 { throw ValidationError("--index counts from 0") }
    }

    func run() throws {
        if let output {
            StandardOutput.outlivesItsReader()
            try OutputPath.requireWritable(output)
        }
        let dataset = try DataReading.open(data, part == .training ? .training : .heldOut, options: reading.options(seed: seed))
        print("\(Console.bold(dataset.name)), \(part.rawValue) part: \(Format.grouped(dataset.count)) pictures of \(dataset.extents)")
        var counts = [Int](repeating: 0, count: dataset.classNames.count)
        for label in dataset.labels { counts[Int(label)] += 1 }
        var table = Table(("class", .left), ("pictures", .right))
        for (name, count) in zip(dataset.classNames, counts).prefix(50) { table.add(name, Format.grouped(count)) }
        print(table.text, terminator: "")
        if counts.count > 50 { print("… and \(counts.count - 50) more classes") }
        if let output { try draw(dataset, to: output) }
    }

    private func draw(_ dataset: Dataset, to path: String) throws {
        let first = index ?? 0
        guard first < dataset.count else {
            throw InterchangeError(dataset.name, "there is no picture \(first)", repair: "the last one is \(dataset.count - 1)")
        }
        let indices = first..<min(dataset.count, first + (count ?? (index == nil ? 100 : 1)))
        try dataset.contactSheet(indices, columns: min(columns, indices.count)).writePNG(to: path)
        let names = indices.prefix(10).map { dataset.classNames[Int(dataset.labels[$0])] }.joined(separator: " ")
        print(
            "wrote \(path): \(indices.count == 1 ? "picture" : "\(indices.count) pictures from") \(first), of class \(names)\(indices.count > 10 ? " …" : "")"
        )
    }
}
