import Foundation
import Testing

/// The root of the package, found from this file's own place.
let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// The parts in the order of the road; `Sources/README.md` explains it.
let partsInOrder = [
    "Source", "CompiledC", "Graph", "Operators", "Recipes", "Interchange", "Analysis", "Language", "ONNX", "Foreign", "Passes", "LoopNest",
    "Kernels", "Machine", "Runtime", "Training", "Compiler", "Viewer", "LanguageServer", "braid",
]

/// What each part imports of Braid and of libraries: what it may, and no more.
private let imported: [String: Set<String>] = [
    "Source": [],
    "CompiledC": ["Source", "CClang"],
    "Graph": ["Source"],
    "Operators": ["CompiledC", "Graph"],
    "Interchange": ["Source", "Graph", "CZlib", "CPNG", "CJPEG", "CWebP", "CPixels", "CCrypto", "CMemory"],
    "Recipes": ["Graph", "Operators"],
    "Analysis": ["Source", "Graph", "Operators", "Recipes", "Interchange"],
    "Language": ["Source", "Graph", "Operators", "Recipes"],
    "ONNX": ["Source", "Graph", "Operators", "Language", "Interchange", "SwiftProtobuf"],
    "Foreign": ["Source", "CompiledC", "Graph", "Language", "CClang"],
    "Passes": ["Source", "Graph", "Operators", "Recipes"],
    "LoopNest": ["Source", "CompiledC", "Graph"],
    "Kernels": ["Graph", "LoopNest"],
    "Machine": ["Source", "CompiledC", "Graph", "Interchange", "LoopNest", "CLLVM", "CMemory", "CProcessor"],
    "Runtime": ["Source", "Graph", "Kernels", "Machine", "CProcessor"],
    "Training": ["Source", "Graph", "Recipes", "Runtime", "Interchange"],
    "Compiler": [
        "Source", "CompiledC", "Graph", "Operators", "Recipes", "Analysis", "Language", "ONNX", "Foreign", "Passes", "LoopNest", "Kernels",
        "Machine", "Runtime", "Training", "Interchange",
    ],
    "Viewer": ["Interchange", "Compiler"],
    "LanguageServer": ["Source", "Graph", "Analysis", "Language", "Compiler"],
    "braid": [
        "Source", "Graph", "Operators", "Recipes", "Language", "LoopNest", "Kernels", "Machine", "Runtime", "Training", "Interchange",
        "Analysis", "Compiler", "Viewer", "LanguageServer", "ONNX", "ArgumentParser",
    ],
]

/// Modules that come with Swift and the system.
private let system: Set<String> = [
    "Foundation", "FoundationNetworking", "Dispatch", "Glibc", "Darwin", "Synchronization", "Musl", "FoundationXML", "FoundationEssentials",
    "Testing",
]

func swiftFiles(under folder: String) -> [URL] {
    let files = FileManager.default.enumerator(at: packageRoot.appending(path: folder), includingPropertiesForKeys: nil)
    return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
}

/// The modules that the files of a folder import, those of the system aside, with a file that does.
private func imports(of folder: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for file in swiftFiles(under: folder) {
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ").filter { $0 != "internal" && $0 != "public" && !$0.hasPrefix("@") }
            guard words.first == "import", words.count >= 2 else { continue }
            let kinds = ["struct", "class", "enum", "func", "var", "let", "protocol"]
            let module = String(String(kinds.contains(String(words[1])) ? words[2] : words[1]).prefix { $0 != "." })
            // A line of a quoted text may begin so, too.
            if !system.contains(module), module.allSatisfy(\.isLetter) { found[module] = file.lastPathComponent }
        }
    }
    return found
}

@Suite struct LayeringTests {
    @Test(arguments: imported.keys.sorted()) func importsOnlyWhatStandsBefore(part: String) throws {
        #expect(!swiftFiles(under: "Sources/\(part)").isEmpty, "\(part) has no sources")
        let found = try imports(of: "Sources/\(part)")
        for (module, file) in found {
            #expect(imported[part]!.contains(module), "\(file) of \(part) imports \(module), which stands after it on the road")
        }
        for module in imported[part]! { #expect(found[module] != nil, "\(part) may import \(module), and no file does") }
    }

    /// `Package.swift` names for each target what its files import, no less and no more.
    @Test func thePackageSaysWhatIsImported() throws {
        let text = try String(contentsOf: packageRoot.appending(path: "Package.swift"), encoding: .utf8)
        let targets = text.matches(
            of: /(part|tests|\.target|\.executableTarget)\(\s*(?:name: )?"([\w-]+)",\s*(?:(?:needs|dependencies): \[([^\]]*)\])?/)
        #expect(targets.count >= 30)
        for target in targets {
            let name = String(target.2)
            let folder = ["Sources/\(name)", "Tests/\(name)"].first { !swiftFiles(under: $0).isEmpty }
            let files = target.1 == "tests" ? "Tests/\(name)Tests" : folder
            guard let files else { continue }  // Written in C.
            let needs = (target.3 ?? "").replacing(/, package: "[^"]*"/, with: "").matches(of: /"([^"]+)"/).map { String($0.1) }
            let found = Set(try imports(of: files).keys)
            // The tests of the command run the program that is built, and import nothing of it.
            #expect(Set(needs).subtracting(["braid"]) == found, "Package.swift lists other needs of \(files) than its imports")
        }
    }

    @Test func everyPartIsListed() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: packageRoot.appending(path: "Sources").path)
        let parts = folders.filter { !swiftFiles(under: "Sources/\($0)").isEmpty }
        #expect(Set(parts) == Set(imported.keys))
        #expect(partsInOrder.sorted() == imported.keys.sorted())
    }

    @Test func onlyTheMachineImportsLLVM() throws {
        for file in swiftFiles(under: "Sources") where !file.path.contains("/Sources/Machine/") {
            #expect(!(try String(contentsOf: file, encoding: .utf8)).contains("import CLLVM"), "\(file.path)")
        }
    }

    /// Foundation's way to the folder of a path traps where the path is one character: `FilePath` is ours.
    @Test func foldersAreFoundByFilePath() throws {
        for file in swiftFiles(under: "Sources") where !file.path.hasSuffix("/Interchange/FilePath.swift") {
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where line.contains("as NSString)") {
                #expect(!line.contains("LastPathComponent"), "\(file.path): \(line)")
            }
        }
    }

    @Test func onlyThoseThatReadCImportClang() throws {
        for file in swiftFiles(under: "Sources")
        where !file.path.contains("/Sources/Foreign/") && !file.path.contains("/Sources/CompiledC/") {
            #expect(!(try String(contentsOf: file, encoding: .utf8)).contains("import CClang"), "\(file.path)")
        }
    }

    @Test func filesStayReadable() throws {
        // What a tool makes of a schema is read by nobody.
        for file in swiftFiles(under: "Sources") + swiftFiles(under: "Tests") where !file.path.hasSuffix(".pb.swift") {
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 500, "\(file.lastPathComponent) has \(lines.count) lines: split it by what it is about")
        }
    }
}
