import Foundation
import Language
import TestSupport
import Testing

/// A source file under `Cases` whose first line, `# test: NAME`, says what to print; the answer lies beside it in a `.expected` file.
struct GoldenCase: CustomTestStringConvertible, Sendable {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases")

    /// The path under `Cases`, without its ending.
    let name: String
    let command: String
    let text: String

    var testDescription: String { name }

    /// All cases, or a failure where the folder cannot be read.
    static let all: [GoldenCase] = {
        guard let paths = FileManager.default.enumerator(atPath: folder.path) else { fatalError("no cases at \(folder.path)") }
        return paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".braid") && !$0.hasPrefix("imports/") }.sorted().map { path in
            guard let text = try? String(contentsOf: folder.appending(path: path), encoding: .utf8) else {
                fatalError("cannot read \(path)")
            }
            let head = text.prefix { $0 != "\n" }
            precondition(head.hasPrefix("# test: "), "\(path) does not begin with '# test: NAME'")
            return GoldenCase(name: String(path.dropLast(6)), command: String(head.dropFirst(8)), text: text)
        }
    }()

    /// The text of a file that a case imports, by its path under `Cases`; `imports/chainN.braid` imports the next of its kind for ever.
    static func imported(_ path: String) -> String? {
        if path.hasPrefix("imports/chain"), let number = Int(path.dropFirst(13).prefix { $0.isNumber }) {
            return "import \"chain\(number + 1).braid\"\n"
        }
        return try? String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    /// The tensor of an array file that a case names; there are only these.
    static func tensor(_ path: String) throws(TensorFileError) -> FileTensor {
        switch path {
        case "graph/kernel.npy", "check/kernel.npy":
            FileTensor(extents: [2, 3], values: [1, 0.1, -0.0, .leastNonzeroMagnitude, .infinity, 3.4028235e38])
        case "check/large.npy": FileTensor(extents: [1 << 21], values: [Float](repeating: 0, count: 1 << 21))
        case "check/nan.npy": FileTensor(extents: [2], values: [1, .nan])
        case "check/empty.npy": FileTensor(extents: [2, 0], values: [])
        default: throw TensorFileError("there is no such file", repair: "check the path")
        }
    }

    /// The names in a folder under `Cases`.
    static func files(in path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path)) ?? []
    }

    /// Compares with the expected text.
    func check(_ observed: String) throws {
        try Golden.check(observed, Self.folder.appending(path: name + ".expected"))
    }
}
