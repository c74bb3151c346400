import Foundation
import Testing

/// The folders of each part that has several, in the order in which they may use each other: a folder what stands before it, never what
/// stands after. "." are the files of the part itself.
private let foldersInOrder: [String: [String]] = [
    "Recipes": ["Random", "Optimizers", "Schedules", "Augmentations", "."],
    "Interchange": [".", "PyTorch", "Weights"],
    "Analysis": ["Description", "Drawing", "Propagation", "Rules"],
    "Language": ["Syntax", "Formatting", "Names", "Elaboration", "Program", "Inspection", "Writing"],
    "ONNX": ["Schema", "Import", "Rules", "Export", "."],
    "LoopNest": ["Target", ".", "Interpreter"],
    "Kernels": [
        "Model", "Lowering", "Contraction", "Direct", "Tiles", "ReductionSplit", "Winograd", "MatrixProduct", "Attention", "Selection",
        "Plan",
    ],
    "Compiler": [".", "Benchmark", "Tuning", "Calibration", "Explanation", "Comparison", "Page"],
    "LanguageServer": [".", "Answers"],
    "braid": ["Console", "Options", "Reports", "Commands", "."],
]

/// Files that are named after what several types have in common, with what that is.
private let vocabularies = [
    "Foreign/CTree.swift": "what functions of C are made of",
    "LanguageServer/Protocol.swift": "the messages that editors and the server exchange",
    "ONNX/Schema/onnx.pb.swift": "the messages of an ONNX file, made of onnx.proto",
    "Machine/LLVMOperation.swift": "LLVM's arithmetic and conversions",
]

/// What one file declares and uses. It goes through bytes by hand: regular expressions take a minute for all sources in a debug build.
private struct SourceFacts {
    let path: String
    /// The folder within the part; "." for the part itself.
    let folder: String
    let name: String
    /// The types at the top level of the file that other files see.
    private(set) var declared: Set<String> = []
    private(set) var extended: Set<String> = []
    /// Words that may be types, none of which is a member of something.
    private(set) var used: Set<String> = []

    init(_ file: URL, part: String) throws {
        let parts = file.pathComponents.drop { $0 != "Sources" }.dropFirst()
        precondition(parts.first == part, "\(file.path) is not of \(part)")
        path = parts.joined(separator: "/")
        folder = parts.count == 2 ? "." : parts.dropFirst().dropLast().joined(separator: "/")
        name = file.deletingPathExtension().lastPathComponent
        var isText = false
        for line in try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")) {
            if line.firstRange(of: Data("\"\"\"".utf8)) != nil {
                isText.toggle()
            } else if !isText {
                read(Array(line))
            }
        }
    }

    /// A line of code, without what quotes hold and without comments.
    private mutating func read(_ line: [UInt8]) {
        var words: [(text: String, isMember: Bool)] = []
        var isQuoted = false
        var index = 0
        while index < line.count {
            let byte = line[index]
            let next = index + 1 < line.count ? line[index + 1] : 0
            if isQuoted {
                if byte == UInt8(ascii: "\\") { index += 1 } else if byte == UInt8(ascii: "\"") { isQuoted = false }
            } else if byte == UInt8(ascii: "\"") {
                isQuoted = true
            } else if byte == UInt8(ascii: "/"), next == byte {
                break
            } else if Self.isWord(byte) {
                let end = line[index...].firstIndex { !Self.isWord($0) } ?? line.count
                words.append((String(decoding: line[index..<end], as: UTF8.self), index > 0 && line[index - 1] == UInt8(ascii: ".")))
                index = end - 1
            }
            index += 1
        }
        used.formUnion(words.filter { !$0.isMember && $0.text.first!.isUppercase }.map(\.text))
        guard line.first != UInt8(ascii: " ") else { return }
        let heads = words.drop { ["public", "final", "indirect"].contains($0.text) }.map(\.text)
        if heads.count >= 2, ["struct", "class", "enum", "protocol", "actor"].contains(heads[0]) { declared.insert(heads[1]) }
        if let place = words.firstIndex(where: { $0.text == "extension" }), place + 1 < words.count {
            extended.insert(words[place + 1].text)
            extended.formUnion(words[(place + 2)...].prefix { $0.isMember }.map(\.text))
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    static func all(of part: String) throws -> [SourceFacts] {
        try swiftFiles(under: "Sources/\(part)").map { try SourceFacts($0, part: part) }
    }
}

@Suite struct FolderTests {
    /// Folders use each other in one direction, as parts do.
    @Test(arguments: partsInOrder) func foldersUseOnlyWhatStandsBefore(part: String) throws {
        let files = try SourceFacts.all(of: part)
        let order = foldersInOrder[part] ?? ["."]
        #expect(Set(files.map(\.folder)) == Set(order), "list the folders of \(part) in their order")
        var homes: [String: Set<String>] = [:]
        for file in files { for type in file.declared { homes[type, default: []].insert(file.folder) } }
        for file in files {
            guard let own = order.firstIndex(of: file.folder) else { continue }
            for type in file.used.intersection(homes.keys).subtracting(file.declared).sorted() {
                guard homes[type]!.count == 1, let home = order.firstIndex(of: homes[type]!.first!) else { continue }
                #expect(home <= own, "\(file.path) uses \(type) of \(part)/\(order[home]), which stands after it")
            }
        }
    }

    /// A type is found by the name of its file: the type's own, or that with what of it the file holds (`SafetensorsHeader.swift`).
    @Test(arguments: partsInOrder) func filesAreNamedAfterTheirTypes(part: String) throws {
        for file in try SourceFacts.all(of: part) where vocabularies[file.path] == nil && !file.declared.isEmpty {
            let types = file.declared.union(file.extended)
            // One pass, one file, named after the pass.
            let isPass = part == "Passes" && file.extended.contains("Pass")
            #expect(
                isPass || types.contains { file.name.hasPrefix($0) || file.name.hasSuffix($0) },
                "\(file.path) declares \(file.declared.sorted().joined(separator: ", ")): name it after one of them")
        }
    }

    /// A type whose name a file has stands in that file.
    @Test(arguments: partsInOrder) func typesStandInTheFilesOfTheirName(part: String) throws {
        let files = try SourceFacts.all(of: part)
        let names = Set(files.map(\.name))
        for file in files {
            for type in file.declared where names.contains(String(type)) {
                #expect(file.name == type, "\(type) stands in \(file.path), though there is \(type).swift")
            }
        }
    }
}
