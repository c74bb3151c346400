import Compiler
import Foundation
import Interchange
import Synchronization
import Training

/// One of the pictures that `--input` names.
struct InputPicture: Sendable {
    let source: PictureSource
    /// What files that are made of it are called, without an ending: its path in the folder that was named, or its own name.
    let stem: String

    init(_ source: PictureSource, in folder: String? = nil) {
        self.source = source
        let name: String
        if let folder, source.name.hasPrefix(folder) {
            name = String(source.name.dropFirst(folder.count).drop { $0 == "/" })
        } else {
            name = FilePath.name(of: source.name)
        }
        stem = FilePath.joined(FilePath.folder(of: name), FilePath.stem(of: name))
    }
}

/// The pictures that `--input` names, one after the other: files, those of a folder, of a list, and what standard input names or is.
final class PictureSources: Sendable {
    /// What one text stands for.
    private enum Group {
        case paths([String], folder: String?)
        case standardInput(StandardInput)
    }

    private struct State {
        var groups: ArraySlice<Group>
        /// The next of the first group's paths.
        var place = 0
        var failure: InterchangeError?
        /// The files that were named, as such; nil before somebody asks.
        var identities: Set<FileIdentity>?
        /// What standard input named so far.
        var given: [String] = []
    }

    /// How many pictures there are; nil where standard input decides it.
    let count: Int?
    private let state: Mutex<State>

    /// Paths that the command names, with those of its folders and lists.
    private let named: [String]

    /// Whether a text stands for any number of pictures.
    static func isCollection(_ text: String) -> Bool {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: text, isDirectory: &isFolder)
        return text == "-" || isThere && isFolder.boolValue || text.hasPrefix("@") && !isThere
    }

    /// - Parameter texts: paths of pictures, of folders, `@` and the path of a list, or `-`, without the input's name.
    ///
    /// Throws where a list or folder cannot be read or names no picture, and where standard input is named twice.
    init(_ texts: [String]) throws(InterchangeError) {
        var groups: [Group] = []
        var count: Int? = 0
        for text in texts {
            var (paths, folder): ([String], String?) = ([text], nil)
            if text == "-" {
                guard count != nil else {
                    throw InterchangeError(StandardInput.name, "it is given twice", repair: "write --input - once")
                }
                count = nil
                groups.append(.standardInput(StandardInput()))
                continue
            }
            if Self.isCollection(text) {
                if text.hasPrefix("@"), !FileManager.default.fileExists(atPath: text) {
                    paths = try Self.list(String(text.dropFirst()))
                } else {
                    (paths, folder) = (try PictureFolder.pictures(in: text), text)
                }
            }
            groups.append(.paths(paths, folder: folder))
            count = count.map { $0 + paths.count }
        }
        self.count = count
        named = groups.flatMap { group -> [String] in if case .paths(let paths, _) = group { paths } else { [] } }
        state = Mutex(State(groups: groups[...]))
    }

    /// The lines of a list that are not empty: paths as they would stand in the command.
    private static func list(_ path: String) throws(InterchangeError) -> [String] {
        let data = try InputFile.read(path, maximum: 1 << 30)
        let repair = "write the path of one picture a line"
        guard let text = String(data: data, encoding: .utf8) else {
            throw InterchangeError(path, "this is no UTF-8 text", repair: repair)
        }
        let paths = text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
        if paths.isEmpty { throw InterchangeError(path, "the list names no picture", repair: repair) }
        return paths
    }

    /// The next picture; nil behind the last one, and where standard input gives something else.
    func next() -> InputPicture? {
        state.withLock { state in
            while let group = state.groups.first {
                switch group {
                case .paths(let paths, let folder):
                    if state.place < paths.count {
                        state.place += 1
                        return InputPicture(.file(paths[state.place - 1]), in: folder)
                    }
                case .standardInput(let input):
                    do throws(InterchangeError) {
                        if let source = try Self.next(of: input, isFirst: state.place == 0) {
                            state.place += 1
                            if case .file(let path) = source {
                                state.given.append(path)
                                if let identity = FileIdentity(path) { state.identities?.insert(identity) }
                            }
                            return InputPicture(source)
                        }
                        if state.place == 0 {
                            throw InterchangeError(StandardInput.name, "it names no picture", repair: StandardInput.repair)
                        }
                    } catch { state.failure = state.failure ?? error }
                }
                state.groups.removeFirst()
                state.place = 0
            }
            return nil
        }
    }

    private static func next(of input: StandardInput, isFirst: Bool) throws(InterchangeError) -> PictureSource? {
        if isFirst, try input.beginsAsPicture() { return .bytes(try input.rest(), name: StandardInput.name) }
        while let line = try input.line() {
            if !line.allSatisfy(\.isWhitespace) { return .file(line) }
        }
        return nil
    }

    /// Whether a file is one of the pictures, as far as they are known.
    func has(_ path: String) -> Bool {
        guard let identity = FileIdentity(path) else { return false }
        return state.withLock { state in
            let known = state.identities ?? Set((named + state.given).compactMap(FileIdentity.init))
            state.identities = known
            return known.contains(identity)
        }
    }

    /// What was wrong with standard input.
    var failure: InterchangeError? { state.withLock { $0.failure } }
}
