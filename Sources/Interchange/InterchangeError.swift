import Source

/// What is wrong with a file, where, and how to repair it.
public struct InterchangeError: Mistake, Equatable {
    /// The part of a file that an error is about.
    public enum Place: Equatable, Sendable {
        /// The file as a whole.
        case file
        /// The byte at this offset from the start of the file.
        case byte(Int)
        /// A named part of the file: a tensor, a header field, an image of a folder.
        case entry(String)
    }

    /// The file, folder or address as the user named it.
    public let path: String
    public let place: Place
    /// What was found, in one sentence without a final stop.
    public let message: String
    /// What to do about it, in one sentence without a final stop.
    public let repair: String
    /// What belongs to it one by one, such as the files that an error of several is about.
    public let notes: [String]

    public init(_ path: String, _ place: Place, _ message: String, repair: String, notes: [String] = []) {
        self.path = path.isEmpty ? "''" : path
        self.place = place
        self.message = message
        self.repair = repair
        self.notes = notes
    }

    /// Describes a mistake of the file as a whole.
    public init(_ path: String, _ message: String, repair: String, notes: [String] = []) {
        self.init(path, .file, message, repair: repair, notes: notes)
    }

    public var diagnostic: Diagnostic { Diagnostic(finding, at: .none, notes: notes, help: repair) }

    public var description: String { (["\(finding); \(repair)"] + notes).joined(separator: "\n  ") }

    /// What was found and where, without the repair.
    public var finding: String {
        switch place {
        case .file: "\(path): \(message)"
        case .byte(let offset): "\(path), byte \(offset): \(message)"
        case .entry(let name): "\(path), \(name): \(message)"
        }
    }
}
