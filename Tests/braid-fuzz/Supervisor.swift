import Foundation
import Fuzzing

/// Runs workers, each from where the last one ended, and keeps what ended them.
struct Supervisor {
    private static let maximumFindings = 20
    private static let shorteningSeconds = 40.0

    private let generator: FuzzGenerator
    private let seed: Int
    /// What workers are told to make the same inputs.
    private let options: [String]
    private let folder: String

    init(_ generator: FuzzGenerator, seed: Int, options: [String], folder: String) {
        self.options = options
        self.generator = generator
        self.seed = seed
        self.folder = folder
    }

    /// - Returns: the number of findings.
    func run(seconds: Double) throws -> Int {
        try? FileManager.default.removeItem(atPath: Worker.tallyPath(folder))
        let end = Date().addingTimeInterval(seconds)
        var (next, found) = (0, 0)
        while Date() < end, found < Self.maximumFindings {
            let minutes = end.timeIntervalSinceNow / 60
            let status = try start(
                ["--worker-from", "\(next)", "--minutes", "\(minutes)", "--findings", folder] + options)
            if status == 0 { break }
            found += 1
            let number = position()
            try keep(generator.input(number), number, status)
            next = number + 1
        }
        summarize(found)
        return found
    }

    private func position() -> Int {
        let bytes = FileManager.default.contents(atPath: Worker.positionPath(folder)) ?? Data()
        return bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Runs this program with other arguments and returns its exit status, or the signal that ended it, negative.
    private func start(_ arguments: [String], isQuiet: Bool = false) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0])
        process.arguments = arguments
        if isQuiet {
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
        }
        try process.run()
        process.waitUntilExit()
        return process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
    }

    /// Writes an input to a file of its own, and the shortest text found that ends the same way beside it.
    private func keep(_ input: FuzzInput, _ number: Int, _ status: Int32) throws {
        let path = "\(folder)/\(seed)-\(number).\(input.kind.rawValue)"
        try Data(input.text.utf8).write(to: URL(filePath: path))
        let what =
            switch status {
            case Worker.hang: "hangs"
            case Worker.assertion: "breaks an assertion"
            case Worker.memory: "takes too much memory"
            default: "crashes (\(status))"
            }
        print("FOUND: input \(number) of seed \(seed), \(input.kind.rawValue), \(what); kept in \(path)")
        let short = try shortened(input, status)
        let shortPath = "\(folder)/\(seed)-\(number).short.\(input.kind.rawValue)"
        try Data(short.utf8).write(to: URL(filePath: shortPath))
        print("shortened to \(short.utf8.count) bytes in \(shortPath):\n\(short)")
    }

    /// Removes runs of lines, then of characters, as long as the text still ends the same way (Zeller & Hildebrandt 2002, simplified).
    private func shortened(_ input: FuzzInput, _ status: Int32) throws -> String {
        let end = Date().addingTimeInterval(Self.shorteningSeconds)
        let trial = "\(folder)/trial.\(input.kind.rawValue)"
        func stillFails(_ text: String) throws -> Bool {
            try Data(text.utf8).write(to: URL(filePath: trial))
            return try start(["--replay", trial], isQuiet: true) == status
        }
        func reduced(_ parts: [String]) throws -> [String] {
            var parts = parts
            var size = max(1, parts.count / 2)
            while true {
                var at = 0
                while at < parts.count, Date() < end {
                    var fewer = parts
                    fewer.removeSubrange(at..<min(parts.count, at + size))
                    if try stillFails(fewer.joined()) { parts = fewer } else { at += size }
                }
                if size == 1 || Date() >= end { return parts }
                size /= 2
            }
        }
        guard try stillFails(input.text) else { return input.text }
        let lines = input.text.split(separator: "\n", omittingEmptySubsequences: false).map { "\($0)\n" }
        let fewer = try reduced(lines).joined()
        return fewer.utf8.count < 2_000 ? try reduced(fewer.map(String.init)).joined() : fewer
    }

    private func summarize(_ found: Int) {
        let data = FileManager.default.contents(atPath: Worker.tallyPath(folder)) ?? Data()
        let tally = (try? JSONDecoder().decode(FuzzTally.self, from: data)) ?? FuzzTally()
        print("\n\(tally.inputs) inputs of seed \(seed), \(tally.accepted) accepted, \(found) findings")
        for (kind, count) in tally.byKind.sorted(by: { $0.key < $1.key }) {
            print("  \(kind): \(count), \(tally.acceptedByKind[kind] ?? 0) accepted")
        }
        print(String(format: "  slowest: %.0f ms, input %d", tally.worstSeconds * 1e3, tally.worstInput))
    }
}
