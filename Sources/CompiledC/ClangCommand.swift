import CClang
import Foundation

/// The command `clang`, run on texts: in a folder of its own that holds the text and Braid's headers, and is removed behind it.
enum ClangCommand {
    /// That of the LLVM that Braid is linked with, which reads what it writes.
    static let version = Int(braid_clang_version())

    /// Where it is; nil where there is none of the version.
    static let path: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let named = folders.map { "\($0)/clang-\(version)" } + ["/usr/lib/llvm-\(version)/bin/clang"]
        let others = (folders + ["/opt/homebrew/opt/llvm/bin"]).map { "\($0)/clang" }
        return (named + others).first { isOfVersion($0) }
    }()

    private static func isOfVersion(_ path: String) -> Bool {
        guard path.hasPrefix("/"), FileManager.default.isExecutableFile(atPath: path), let answer = try? run(path, ["--version"], in: "/")
        else { return false }
        return answer.status == 0 && answer.text.contains("clang version \(version).")
    }

    /// Compiles a text.
    ///
    /// - Parameter take: is given the path of what clang made, which lasts until it returns.
    static func compile<Result>(
        _ text: String, _ arguments: [String], _ take: (String) throws(CompilationError) -> Result
    ) throws(CompilationError) -> Result {
        guard let path else { throw CompilationError.missing }
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            try FileManager.default.createDirectory(atPath: "\(folder)/headers", withIntermediateDirectories: false)
            for (name, text) in StandardHeaders.files { try Data(text.utf8).write(to: URL(filePath: "\(folder)/headers/\(name)")) }
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/source.c"))
        } catch {
            throw CompilationError("cannot write to '\(folder)': \(error.localizedDescription)")
        }
        let all =
            [
                "-xc", "-std=gnu17", "-nostdinc", "-isystem", "headers", "-D\(StandardHeaders.compiling)", "-w", "-O2",
                // Bits are those of the operations as they are written, on every machine.
                "-ffp-contract=off", "-fno-math-errno", "-fPIC", "-fno-ident",
            ] + arguments + ["-o", "result", "source.c"]
        let answer: (status: Int32, text: String)
        do {
            answer = try run(path, all, in: folder)
        } catch {
            throw CompilationError("'\(path)' cannot be started: \(error.localizedDescription)")
        }
        guard answer.status == 0 else {
            let lines = answer.text.split(separator: "\n").filter { $0.contains("error: ") }.prefix(3)
            throw CompilationError(
                "clang cannot compile a C file: " + (lines.isEmpty ? "it gives no reason" : lines.joined(separator: "; ")))
        }
        return try take("\(folder)/result")
    }

    private static func temporaryFolder() throws(CompilationError) -> String {
        var template = Array((FileManager.default.temporaryDirectory.path + "/braid-c-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template) else {
            throw CompilationError(
                "there is no room for temporary files in '\(FileManager.default.temporaryDirectory.path)'", help: "set TMPDIR to a folder")
        }
        return String(cString: made)
    }

    /// What the command says, on both of its outputs.
    private static func run(_ path: String, _ arguments: [String], in folder: String) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(output.fileHandleForReading.fileDescriptor, &piece, piece.count)
            if count > 0 { text += piece[..<count] }
            // Signals of others interrupt; then it is read on.
            if count == 0 || count < 0 && errno != EINTR { break }
        }
        process.waitUntilExit()
        return (process.terminationReason == .exit ? process.terminationStatus : -1, String(decoding: text, as: UTF8.self))
    }
}
