import Language
import Source

/// A C file with all that it includes, under the names that clang has for them.
struct CFiles {
    private static let folder = "/braid-extern/"
    private static let maximumFiles = 64
    private static let maximumBytes = 1 << 20

    let main: SourceFile
    private(set) var virtual: [ClangLibrary.VirtualFile] = []
    /// The files by the names that clang has for them.
    private(set) var byName: [String: (id: FileID, source: SourceFile)] = [:]
    private(set) var diagnostics: [Diagnostic] = []

    private var directives: [(path: String, file: CDirectives, id: FileID)] = []
    private var bytes = 0

    init(_ main: SourceFile, in map: inout SourceMap) {
        self.main = main
        add(main, map.add(main))
    }

    private mutating func add(_ source: SourceFile, _ id: FileID) {
        let file = CDirectives(source, as: id)
        diagnostics += file.diagnostics
        byName[Self.name(of: source.name)] = (id, source)
        virtual.append(ClangLibrary.VirtualFile(name: Self.name(of: source.name), bytes: source.bytes))
        directives.append((source.name, file, id))
        bytes += source.bytes.count
    }

    private static func name(of path: String) -> String { folder + path }

    /// Reads what the files include; what cannot be read is left to clang, which knows whether it is needed.
    mutating func readIncludes(into map: inout SourceMap, _ readFile: (String) -> String?) {
        var next = 0
        while next < directives.count, !diagnostics.hasErrors {
            let (path, file, _) = directives[next]
            next += 1
            for include in file.includes where include.isOwn {
                let target = SourcePath.target(of: include.path, from: path)
                if byName[Self.name(of: target)] == nil {
                    guard let text = readFile(target) else { continue }
                    guard directives.count < Self.maximumFiles, bytes + text.utf8.count <= Self.maximumBytes else {
                        diagnostics.append(
                            Diagnostic(
                                "this includes too much", at: include.span,
                                help: "\(Self.maximumFiles) files and \(Self.maximumBytes) bytes are the limit"))
                        return
                    }
                    let source = SourceFile(name: target, text: text)
                    add(source, map.add(source))
                }
                // Clang joins the paths as they are written: `a/../b.h` leads on to `b.h`, so that each file is one.
                let parts = Self.name(of: path).split(separator: "/", omittingEmptySubsequences: false).dropLast()
                let written = parts.joined(separator: "/") + "/" + include.path
                if written != Self.name(of: target), !virtual.contains(where: { $0.name == written }) {
                    let lead = "#include \"\(Self.name(of: target))\"\n"
                    virtual.append(ClangLibrary.VirtualFile(name: written, bytes: Array(lead.utf8)))
                }
            }
        }
        if !diagnostics.hasErrors { checkSize() }
    }

    /// The main file with what it includes in place of its own includes, for a compiler that sees no other file.
    var joined: String { String(decoding: joined(main.name), as: UTF8.self) }

    private func joined(_ path: String) -> [UInt8] {
        guard let number = directives.firstIndex(where: { $0.path == path }), let source = byName[Self.name(of: path)]?.source else {
            return []
        }
        let file = directives[number].file
        var bytes: [UInt8] = []
        var next = 0
        for include in file.includes where include.isOwn {
            bytes += source.bytes[next..<include.line.lowerBound]
            bytes += joined(SourcePath.target(of: include.path, from: path)) + [UInt8(ascii: "\n")]
            next = include.line.upperBound
        }
        bytes += source.bytes[next...]
        guard file.isOnce, path != main.name else { return bytes }
        // The text stands in several places where the file is included in several; the first one counts.
        let guardName = "BRAID_INCLUDED_\(number)"
        return Array("#ifndef \(guardName)\n#define \(guardName)\n".utf8) + bytes + Array("\n#endif".utf8)
    }

    private mutating func checkSize() {
        var expansion = CExpansion(directives.flatMap(\.file.macros))
        var sizes: [String: Int] = [:]
        for item in directives {
            sizes[item.path] = ([item.file.text] + item.file.conditions).reduce(0) { $0 + expansion.size(of: $1, in: item.id) }
        }
        if let problem = expansion.problem {
            diagnostics.append(problem)
            return
        }
        let designators = CDesignators(directives.flatMap(\.file.macros))
        diagnostics += directives.flatMap { designators.problems(of: $0.file, in: $0.id) }
        if diagnostics.hasErrors { return }
        var open: Set<String> = []
        let total = total(main.name, sizes, &open)
        if !diagnostics.hasErrors, total > CTokens.maximumCount || bytes > Self.maximumBytes {
            diagnostics.append(
                Diagnostic(
                    "this file has more than \(CTokens.maximumCount) tokens", at: Span(file: directives[0].id, 0..<0),
                    help: "with what its includes and macros make of it; leave out what no function needs"))
        }
    }

    /// The tokens of a file with what it includes, as often as it does.
    private mutating func total(_ path: String, _ sizes: [String: Int], _ open: inout Set<String>) -> Int {
        guard let item = directives.first(where: { $0.path == path }), !diagnostics.hasErrors else { return 0 }
        open.insert(path)
        defer { open.remove(path) }
        var total = sizes[path] ?? 0
        for include in item.file.includes where include.isOwn && total <= CTokens.maximumCount {
            let target = SourcePath.target(of: include.path, from: path)
            guard !open.contains(target) else {
                diagnostics.append(Diagnostic("this file includes itself", at: include.span, help: "remove the include"))
                return total
            }
            // An include of nothing takes a line, too.
            total += 1 + self.total(target, sizes, &open)
        }
        return total
    }
}
