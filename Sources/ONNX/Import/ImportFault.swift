import Graph
import Source

/// Why one node of a model cannot be imported.
struct ImportFault: Error {
    enum Kind {
        /// Well-formed, and beyond what Braid computes.
        case unsupported
        /// Against the rules of ONNX.
        case malformed
    }

    var kind: Kind
    var message: String
    /// The graph input that decides a shape or an axis, where nothing but its value is missing.
    var input: String?
    /// What else helps than to export the model without the node.
    var repair: String?

    private static let longestMessage = 400

    static func unsupported(_ message: String) -> ImportFault { ImportFault(kind: .unsupported, message: message) }
    static func malformed(_ message: String) -> ImportFault { ImportFault(kind: .malformed, message: message) }

    /// A use of an operator that needs numbers where a shape has sizes that are none yet.
    static func openSizes(_ message: String, _ sizes: [Dimension]) -> ImportFault {
        let names = Set(sizes.flatMap(\.expression.symbols).map(\.name)).sorted().joined(separator: ", ")
        return ImportFault(kind: .unsupported, message: message, repair: "export the model with numbers for \(names)")
    }

    /// A node that can be written for some number of images, and not for any; other sizes are numbers in what is written.
    static func openBatch(_ size: Dimension) -> ImportFault {
        ImportFault(
            kind: .unsupported, message: "the size \(size) must be a number here", repair: "give a number of images, such as --batch 1")
    }

    init(kind: Kind, message: String, input: String? = nil, repair: String? = nil) {
        self.kind = kind
        // Lists in files may have many numbers.
        self.message = message.count > Self.longestMessage ? message.prefix(Self.longestMessage) + " …" : message
        self.input = input
        self.repair = repair
    }

    /// What an operator's own rules say of the operands that it was to get.
    init(_ error: TypeError) {
        kind = .unsupported
        message = ([error.message] + [error.repair].compactMap(\.self)).joined(separator: "; ")
    }
}

/// Why a model cannot be read, imported or written: with all its nodes that are at fault.
public struct ONNXError: Mistake, Equatable {
    /// The file as the user named it.
    public let path: String
    public let message: String
    public let repair: String
    /// One line a node.
    public let notes: [String]

    init(_ path: String, _ message: String, repair: String, notes: [String] = []) {
        self.path = path
        self.message = message
        self.repair = repair
        self.notes = notes
    }

    public var diagnostic: Diagnostic { Diagnostic("\(path): \(message)", at: .none, notes: notes, help: repair) }
}
