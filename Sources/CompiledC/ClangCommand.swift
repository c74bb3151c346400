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
        guard path.hasPrefix("/"), FileManager.default.isExecutableFile(atPath: path),
            let answer = try? run(path, ["--version"], in: "/", removes: false)
        else { return false }
        return answer.status == 0 && answer.text.contains("clang version \(version).")
    }

    /// What it may take: far more than any text that Braid lets through needs, but for those that are made to take all there is.
    private static let limits = braid_command_limits(seconds: 30, bytes: 4 << 30)

    /// Compiles a text.
    ///
    /// - Parameters:
    ///   - linking: further words for what links it, where a library is wanted.
    ///   - take: is given the path of what clang made, which lasts until it returns.
    static func compile<Result>(
        _ text: String, _ arguments: [String], linking: [String]? = nil, _ take: (String) throws(CompilationError) -> Result
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
        let compiling =
            [
                "-xc", "-std=gnu17", "-nostdinc", "-isystem", "headers", "-D\(StandardHeaders.compiling)", "-w", "-O2",
                // Bits are those of the operations as they are written, on every machine.
                "-ffp-contract=off", "-fno-math-errno", "-fPIC", "-fno-ident", "-fno-crash-diagnostics", "-c",
            ] + arguments + ["-o", "result", "source.c"]
        // Two commands, so that the compiler is the process that is started, and no child of it.
        for command in [compiling] + (linking.map { [["result"] + $0 + ["-o", "library"]] } ?? []) {
            let answer: (status: Int32, text: String)
            do {
                answer = try run(path, command, in: folder, removes: true)
            } catch {
                throw CompilationError("'\(path)' cannot be started: \(error.localizedDescription)")
            }
            guard answer.status == 0 else { throw problem(answer.status, answer.text) }
        }
        return try take(linking == nil ? "\(folder)/result" : "\(folder)/library")
    }

    private static func problem(_ status: Int32, _ text: String) -> CompilationError {
        let lines = text.split(separator: "\n").filter { $0.contains("error: ") }.prefix(3)
        // The driver of clang says itself what ended the compiler.
        if status >= 126 || lines.isEmpty || lines.allSatisfy({ $0.contains("error: clang frontend command failed") }) {
            return CompilationError(
                "clang gives up on a C file: it needs more than \(limits.seconds) seconds or \(limits.bytes >> 30) GB, or ends by itself",
                help: "simplify it: no large initial values of arrays and structures, no deep nesting")
        }
        return CompilationError("clang cannot compile a C file: " + lines.joined(separator: "; "))
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
    ///
    /// - Parameter removes: whether the folder is removed where this process ends first.
    private static func run(_ path: String, _ arguments: [String], in folder: String, removes: Bool) throws -> (status: Int32, text: String)
    {
        let words = ([path] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        var limits = limits
        var command = braid_command()
        let problem = braid_command_start(path, words + [nil], folder, removes ? 1 : 0, &limits, &command)
        guard problem == 0 else { throw POSIXError(POSIXErrorCode(rawValue: problem) ?? .EIO) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(command.output, &piece, piece.count)
            // What is said beyond a megabyte is read, and not kept.
            if count > 0, text.count < 1 << 20 { text += piece[..<count] }
            // Signals of others interrupt; then it is read on.
            if count == 0 || count < 0 && errno != EINTR { break }
        }
        return (braid_command_wait(command), String(decoding: text, as: UTF8.self))
    }
}
