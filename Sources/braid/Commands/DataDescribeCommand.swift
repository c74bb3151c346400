import ArgumentParser
import Interchange
import Training

struct DataDescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Counts the pictures of a data set by class, and tells their sizes, mean and deviation.",
        discussion: """
            EXAMPLES
              braid data describe builtin:digits
              braid data describe folder:photos --held-out 0.1
              braid data describe csv:photos/list.csv --json

            Every picture is read as it is stored. The mean and deviation are those of the training part, as `normalize` takes them.
            Exit status 1 if pictures cannot be read, unless --skip-broken is given.
            """)

    @Argument(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

    @Option(help: ArgumentHelp("What --held-out goes by.", valueName: "number"))
    var seed: UInt64 = 0

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func run() throws {
        let options = reading.options(seed: seed)
        let training = try data.describe(.training, options: options)
        let hasHeldOut = options.split != nil || data.hasHeldOutPart
        let heldOut = hasHeldOut ? try data.describe(.heldOut, options: options) : nil
        if json {
            Console.printJSON(Record(data: data.description, training: .init(training), heldOut: heldOut.map { .init($0) }))
        } else {
            show(training, heldOut)
        }
        DataReading.warn(training.broken, left: training.count, "training", data)
        if let heldOut { DataReading.warn(heldOut.broken, left: heldOut.count, "held-out", data) }
        if !reading.skipBroken, !(training.broken + (heldOut?.broken ?? [])).isEmpty { throw ExitCode(1) }
    }

    private func show(_ training: DatasetDescription, _ heldOut: DatasetDescription?) {
        print(Console.bold(data.description) + ": \(training.classNames.count) class\(training.classNames.count == 1 ? "" : "es")")
        for (name, part) in [("training", training)] + (heldOut.map { [("held-out", $0)] } ?? []) {
            print("  \(name)  \(Format.grouped(part.count)) picture\(part.count == 1 ? "" : "s") of \(Self.text(part))")
            if part.lyingCount > 0 {
                print(
                    "            \(Format.grouped(part.lyingCount)) of them lie on their side, as EXIF says: `prepare exif_orientation: true` turns them"
                )
            }
        }
        print("  normalize mean: \(Self.list(training.normalization.mean)), std: \(Self.list(training.normalization.deviation))\n")
        var table = Table([("class", .left), ("training", .right)] + (heldOut == nil ? [] : [("held-out", .right)]))
        for (label, name) in training.classNames.enumerated().prefix(100) {
            let counts = [training.classCounts, heldOut?.classCounts].compactMap { $0 }
            table.add([name] + counts.map { $0.indices.contains(label) ? Format.grouped($0[label]) : "0" })
        }
        print(table.text, terminator: "")
        if training.classNames.count > 100 { print("… and \(training.classNames.count - 100) more classes") }
    }

    private static func text(_ part: DatasetDescription) -> String {
        let (smallest, largest) = (part.smallest, part.largest)
        if part.isUniform { return "\(largest)" }
        let (rows, columns) = ("\(smallest.height)–\(largest.height)", "\(smallest.width)–\(largest.width)")
        return "\(largest.channels) x \(smallest.height == largest.height ? "\(largest.height)" : rows) x "
            + (smallest.width == largest.width ? "\(largest.width)" : columns)
    }

    private static func list(_ values: [Float]) -> String {
        let numbers = values.map { Format.fixed(Double($0), 4) }
        return numbers.count == 1 ? numbers[0] : "[\(numbers.joined(separator: ", "))]"
    }

    private struct Record: Encodable {
        struct Part: Encodable {
            var count: Int
            var classes: [String]
            var classCounts: [Int]
            var channels: Int
            var smallestHeight: Int
            var smallestWidth: Int
            var largestHeight: Int
            var largestWidth: Int
            var mean: [Float]
            var deviation: [Float]
            var lying: Int
            var broken: [String]

            init(_ part: DatasetDescription) {
                count = part.count
                classes = part.classNames
                classCounts = part.classCounts
                channels = part.largest.channels
                (smallestHeight, smallestWidth) = (part.smallest.height, part.smallest.width)
                (largestHeight, largestWidth) = (part.largest.height, part.largest.width)
                mean = part.normalization.mean
                deviation = part.normalization.deviation
                lying = part.lyingCount
                broken = part.broken.map(\.finding)
            }
        }

        var data: String
        var training: Part
        var heldOut: Part?
    }
}
