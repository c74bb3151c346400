import Analysis
import Compiler
import Foundation
import Language
import Source

/// The open documents and what is known about each.
struct Workspace {
    /// What was found out about a document's text.
    struct Analysis {
        var inspection: Inspection
        /// The paths of the files that the text imports, found or not, directly or through others.
        var imported: Set<String>
    }

    /// Larger texts are not analysed: no network comes near.
    static let maximumText = 1 << 20

    private(set) var documents: [String: Document] = [:]
    private(set) var analyses: [String: Analysis] = [:]
    /// The documents whose diagnostics have not been sent since they or what they import changed, in the order of the changes.
    private(set) var unpublished: [String] = []
    /// The documents without errors whose networks the rules of `braid lint` have not all looked at, in the order of the changes.
    private(set) var unlinted: [Linting] = []

    /// How far a document is looked at.
    struct Linting {
        let uri: String
        /// The networks that are left.
        var networks: [String]
        var findings: [LintFinding] = []
    }

    mutating func open(_ document: Document) {
        documents[document.uri] = document
        invalidate(document)
    }

    /// Changes an open document; false where it is not open.
    mutating func change(_ parameters: ChangeParameters) -> Bool {
        guard var document = documents[parameters.textDocument.uri] else { return false }
        for change in parameters.contentChanges { document.apply(change) }
        document.version = parameters.textDocument.version
        documents[document.uri] = document
        invalidate(document)
        return true
    }

    /// Forgets a document; those that import it see the file again.
    mutating func close(_ uri: String) {
        guard let document = documents.removeValue(forKey: uri) else { return }
        invalidate(document)
        unpublished.removeAll { $0 == uri }
    }

    /// Notes that a file changed on the disk; those that import it see it again.
    mutating func changeOnDisk(_ uri: String) { invalidate(importersOf: Document.path(of: uri)) }

    private mutating func invalidate(_ document: Document) { invalidate([document.uri], importersOf: document.path) }

    private mutating func invalidate(_ uris: [String] = [], importersOf path: String) {
        let importers = analyses.filter { $0.value.imported.contains(path) }.keys.sorted()
        for uri in uris + importers {
            analyses[uri] = nil
            unlinted.removeAll { $0.uri == uri }
            unpublished.removeAll { $0 == uri }
            unpublished.append(uri)
        }
    }

    /// The analysis of a document's newest text; nil where it is not open or too large.
    mutating func analysis(of uri: String) -> Analysis? {
        guard let document = documents[uri], document.source.bytes.count <= Self.maximumText else { return nil }
        if let known = analyses[uri] { return known }
        let texts = Dictionary(documents.values.map { ($0.path, $0.source.text) }) { first, _ in first }
        var imported: Set<String> = []
        let program = Program.load(
            path: document.path, text: document.source.text, foreign: Network.foreignLoader, readTensor: Network.readTensor,
            unreadable: Network.whyUnreadable
        ) { path in
            imported.insert(path)
            return texts[path] ?? Self.readFile(path)
        }
        let analysis = Analysis(inspection: program.inspect(), imported: imported)
        analyses[uri] = analysis
        return analysis
    }

    /// What is known from open documents that import a document, with the identity that its file has there.
    mutating func importers(of document: Document) -> [(inspection: Inspection, file: FileID)] {
        var found: [(inspection: Inspection, file: FileID)] = []
        for uri in documents.keys.sorted() where uri != document.uri {
            guard let inspection = analysis(of: uri)?.inspection, let file = inspection.program.identity(ofFile: document.path) else {
                continue
            }
            found.append((inspection, file))
        }
        return found
    }

    /// Takes a document off the list of those to report about; what the rules say of it comes later.
    mutating func settle(_ uri: String) {
        unpublished.removeAll { $0 == uri }
        guard let inspection = analyses[uri]?.inspection, !inspection.diagnostics.hasErrors else { return }
        let own = inspection.program.networks.filter { network in
            network.name.span.file == inspection.file && network.parameters.allSatisfy { $0.defaultValue != nil }
        }
        if !own.isEmpty { unlinted.append(Linting(uri: uri, networks: own.map(\.name.text))) }
    }

    /// Looks at one more network of the document that has waited longest. Returns the document and all that was found once none is left.
    mutating func lintNext() -> (uri: String, findings: [LintFinding])? {
        guard var linting = unlinted.first else { return nil }
        unlinted.removeFirst()
        guard let program = analyses[linting.uri]?.inspection.program else { return nil }
        let name = linting.networks.removeFirst()
        if let subject = program.elaborate(name).network.flatMap(LintSubject.init(whileTyping:)) {
            for finding in subject.findings() {
                let isKnown = linting.findings.contains {
                    $0.rule == finding.rule && $0.diagnostic.primary.span == finding.diagnostic.primary.span
                }
                if !isKnown { linting.findings.append(finding) }
            }
        }
        if linting.networks.isEmpty { return (linting.uri, linting.findings) }
        unlinted.insert(linting, at: 0)
        return nil
    }

    private static func readFile(_ path: String) -> String? {
        guard Network.isRegularFile(path), let text = try? Network.readText(path), text.utf8.count <= maximumText else { return nil }
        return text
    }
}

extension LintSubject {
    /// Larger networks are not looked at while somebody types; `braid lint` does.
    private static let mostNodes = 4000

    /// A network as the rules see it; nil where it is too large, or no common sizes or numbers of images fit.
    fileprivate init?(whileTyping network: ElaboratedNetwork) {
        let graph = network.training?.graph ?? network.graph
        guard graph.nodes.count <= Self.mostNodes, let sizes = network.graph.typicalSizes, let bound = try? graph.bound(sizes: sizes),
            Self.obstacle(in: bound) == nil
        else { return nil }
        do {
            try self.init(bound, network.training?.recipe)
        } catch {
            return nil
        }
    }
}
