import ArgumentParser
import Interchange
import Training

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Fetches data sets and shows what is in them.",
        subcommands: [DataFetchCommand.self, DataDescribeCommand.self, DataShowCommand.self, DataBenchCommand.self])
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
