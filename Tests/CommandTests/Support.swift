import Foundation
import Interchange
import Testing
import Training

/// One run of the command.
struct CommandResult {
    let status: Int32
    let output: String
    let errors: String

    /// The output as one JSON object.
    func json(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        return try #require(object, "no JSON object: \(output)", sourceLocation: sourceLocation)
    }
}

/// The built command, and a folder of its own for one test.
final class Workplace {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "/braid-command-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The command beside the test bundle.
    static let command: URL = {
        let bundles = Bundle.allBundles.map(\.bundleURL) + [URL(filePath: CommandLine.arguments[0])]
        let folders = bundles.map { $0.deletingLastPathComponent() } + [Bundle.main.bundleURL]
        let candidates = folders.map { $0.appending(path: "braid") }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
            fatalError("the command is not beside the tests: \(candidates.map(\.path))")
        }
        return found
    }()

    /// - Parameter command: what is run in place of the built command.
    func process(_ arguments: [String], command: URL? = nil) -> (Process, output: Pipe, errors: Pipe) {
        let process = Process()
        process.executableURL = command ?? Self.command
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "COLUMNS" }
            // What was measured on this machine changes plans, and so does a target.
            .merging(["BRAID_TUNING": path("tuning"), "BRAID_TARGET": ""]) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        return (process, output, errors)
    }

    /// Runs the command in the folder and waits.
    func run(_ arguments: String...) throws -> CommandResult { try run(arguments) }

    /// - Parameter input: what standard input gives.
    func run(_ arguments: [String], input: String = "") throws -> CommandResult {
        try run(process(arguments), input: input)
    }

    /// Runs a line of bash in the folder and waits.
    func run(line: String) throws -> CommandResult { try run(process(["-c", line], command: URL(filePath: "/bin/bash")), input: "") }

    private func run(_ started: (Process, output: Pipe, errors: Pipe), input: String) throws -> CommandResult {
        let (process, output, errors) = started
        if !input.isEmpty {
            try write(input, to: "standard-input")
            process.standardInput = try FileHandle(forReadingFrom: URL(filePath: path("standard-input")))
        }
        try process.run()
        nonisolated(unsafe) var errorBytes = Data()
        let done = DispatchSemaphore(value: 0)
        // Both pipes are emptied at once, so that neither fills up and stops the command.
        Thread.detachNewThread {
            errorBytes = errors.fileHandleForReading.readDataToEndOfFile()
            done.signal()
        }
        let outputBytes = output.fileHandleForReading.readDataToEndOfFile()
        done.wait()
        process.waitUntilExit()
        return CommandResult(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: String(decoding: outputBytes, as: UTF8.self), errors: String(decoding: errorBytes, as: UTF8.self))
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ text: String, to name: String) throws { try text.write(toFile: path(name), atomically: true, encoding: .utf8) }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    }

    /// What lies in the folder.
    func names() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: folder)) }

    /// Writes an input for the tiny network.
    func writeOnes(to name: String) throws {
        try NumPy.write(HostTensor(name: "image", shape: [1, 1, 28, 28], floats: [Float](repeating: 1, count: 784)), to: path(name))
    }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: path(name))) }

    private static let training = SyntheticDigits(part: .training).dataset(count: 480)
    private static let heldOut = SyntheticDigits(part: .heldOut).dataset(count: 90)

    /// Writes a network that trains in an instant, and a few hundred synthetic digits in the format of MNIST as `data`.
    func writeTinyTraining(rate: String = "0.05") throws {
        try write(Self.tiny(rate: rate), to: "tiny.braid")
        try FileManager.default.createDirectory(atPath: path("data"), withIntermediateDirectories: true)
        for (data, prefix) in [(Self.training, "train"), (Self.heldOut, "t10k")] {
            let images = HostTensor(element: .u8, shape: [data.count, 28, 28], bytes: data.pixels)
            let labels = HostTensor(element: .u8, shape: [data.count], bytes: data.labels.map { UInt8($0) })
            try AtomicFile.write(IDX.encode(images), to: path("data/\(prefix)-images-idx3-ubyte"))
            try AtomicFile.write(IDX.encode(labels), to: path("data/\(prefix)-labels-idx1-ubyte"))
        }
    }

    /// With batch statistics, momentum, dropout and random shifts: all that a training's state consists of.
    static func tiny(
        rate: String, optimizer: String = "sgd(momentum: 0.9, nesterov: true, weight_decay: 1e-4)", schedule: String? = nil
    ) -> String {
        """
        /// A few numbers about digits.
        network tiny(classes = 10) {
            input image: f32[N, 1, 28, 28]
            let features = image |> first: conv(8, 5, stride: 3, bias: false) |> norm: batchnorm |> relu |> dropout(0.1) |> flatten
            output logits = features |> fc: linear(classes)
        }

        training of tiny {
            target label: i32[N]
            loss cross_entropy(logits, label)
            optimizer \(optimizer)
            schedule \(schedule ?? "one_cycle(peak: \(rate), epochs: 3)")
            augment shift(1)
            batch 16
        }

        """
    }
}
