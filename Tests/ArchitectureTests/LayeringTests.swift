import Foundation
import Testing

/// The root of the package, found from this file's own place.
let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// The parts in the order of the road; `Sources/README.md` explains it.
let partsInOrder = [
    "Source", "Graph", "Operators", "Interchange", "Language", "Passes", "Kernels", "Machine", "Runtime", "Training", "Compiler",
    "LanguageServer", "braid",
]

/// What each part may import of Braid.
private let allowed: [String: Set<String>] = [
    "Source": [],
    "Graph": ["Source"],
    "Operators": ["Source", "Graph"],
    "Interchange": ["Source", "Graph", "Operators", "CZlib", "CPNG", "CJPEG", "CCrypto", "CMemory"],
    "Language": ["Source", "Graph", "Operators"],
    "Passes": ["Source", "Graph", "Operators"],
    "Kernels": ["Graph"],
    "Machine": ["Graph", "Interchange", "Kernels", "CLLVM", "CMemory"],
    "Runtime": ["Graph", "Kernels", "Machine", "CProcessor"],
    "Training": ["Graph", "Runtime", "Interchange"],
    "Compiler": [
        "Source", "Graph", "Operators", "Language", "Passes", "Kernels", "Machine", "Runtime", "Training", "Interchange",
    ],
    "LanguageServer": ["Source", "Graph", "Language", "Compiler"],
    "braid": [
        "Source", "Graph", "Operators", "Language", "Passes", "Kernels", "Machine", "Runtime", "Training", "Interchange", "Compiler",
        "LanguageServer", "ArgumentParser",
    ],
]

/// Modules that come with Swift and the system.
private let system: Set<String> = ["Foundation", "FoundationNetworking", "Dispatch", "Glibc", "Darwin", "Synchronization", "Musl"]

func swiftFiles(under folder: String) -> [URL] {
    let files = FileManager.default.enumerator(at: packageRoot.appending(path: folder), includingPropertiesForKeys: nil)
    return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
}

@Suite struct LayeringTests {
    @Test(arguments: allowed.keys.sorted()) func importsOnlyWhatStandsBefore(part: String) throws {
        let files = swiftFiles(under: "Sources/\(part)")
        #expect(!files.isEmpty, "\(part) has no sources")
        for file in files {
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ").filter { $0 != "internal" && $0 != "public" && !$0.hasPrefix("@") }
                guard words.first == "import", words.count >= 2 else { continue }
                let kinds = ["struct", "class", "enum", "func", "var", "let", "protocol"]
                let module = String(kinds.contains(String(words[1])) ? words[2] : words[1]).prefix { $0 != "." }
                #expect(
                    system.contains(String(module)) || allowed[part]!.contains(String(module)),
                    "\(file.lastPathComponent) of \(part) imports \(module), which stands after it on the road")
            }
        }
    }

    @Test func everyPartIsListed() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: packageRoot.appending(path: "Sources").path)
        let parts = folders.filter { !swiftFiles(under: "Sources/\($0)").isEmpty }
        #expect(Set(parts) == Set(allowed.keys))
        #expect(partsInOrder.sorted() == allowed.keys.sorted())
    }

    @Test func onlyTheMachineImportsLLVM() throws {
        for file in swiftFiles(under: "Sources") where !file.path.contains("/Sources/Machine/") {
            #expect(!(try String(contentsOf: file, encoding: .utf8)).contains("import CLLVM"), "\(file.path)")
        }
    }

    @Test func filesStayReadable() throws {
        for file in swiftFiles(under: "Sources") + swiftFiles(under: "Tests") {
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 500, "\(file.lastPathComponent) has \(lines.count) lines: split it by what it is about")
        }
    }
}
