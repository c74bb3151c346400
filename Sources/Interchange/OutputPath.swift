import Foundation

/// Where results are to go: found out before the work whose results they are, and without leaving anything behind.
public enum OutputPath {
    /// The file that a path given with `-o` names: a folder, one that exists or one with a slash behind, stands for the file `name` in it.
    ///
    /// Throws where the path names nothing: an empty one, `/`, or an ending alone.
    public static func file(_ path: String, orInFolder name: String, ending: String) throws(InterchangeError) -> String {
        let isFolder = path.hasSuffix("/") || kind(path) == S_IFDIR
        let last = FilePath.name(of: path)
        guard !path.isEmpty, path.contains(where: { $0 != "/" }), last != ending else {
            throw InterchangeError(
                path.isEmpty ? "''" : path, "this names no file",
                repair: "give a path, such as results/\(name), or a folder, in which \(name)\(ending) is written")
        }
        if !isFolder { return path }
        return path.hasSuffix("/") ? path + name + ending : "\(path)/\(name)\(ending)"
    }

    /// Checks that a file can be written, by beginning one beside it, which is removed at once.
    ///
    /// - Parameters:
    ///   - inputs: files that the result comes from, which it must not replace.
    ///   - bytes: how many are going to be written, about, where that is known.
    ///
    /// Throws where the path is a folder or one of the inputs, where its folder is missing or refuses files, and where the disk is full.
    public static func requireWritable(_ path: String, besides inputs: [String] = [], bytes: Int = 0) throws(InterchangeError) {
        guard !path.isEmpty, !path.hasSuffix("/") else {
            throw InterchangeError(path.isEmpty ? "''" : path, "this names no file", repair: "name a file to write")
        }
        switch kind(path) {
        case S_IFDIR?: throw InterchangeError(path, "this is a folder", repair: "name a file to write")
        case S_IFREG?:
            let own = FileIdentity(path)
            if inputs.contains(where: { FileIdentity($0) == own }) {
                throw InterchangeError(path, "this is what the result is made of, which it would replace", repair: "name another file")
            }
        case nil: break
        default:
            // A device or pipe is opened when there is something to write.
            guard access(path, W_OK) == 0 else { throw refusal(path, errno) }
            return
        }
        let target = kind(path) == nil ? path : URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let folder = FilePath.folder(of: target)
        // Of what is missing, a name that is too long can be told from the others.
        if access(path, F_OK) != 0, errno == ENAMETOOLONG { throw refusal(path, ENAMETOOLONG) }
        try probe(folder.isEmpty ? "." : folder, shownAs: path, bytes: bytes)
    }

    /// Checks that several files can be written, which are several: by their places, and not by how they are spelled.
    ///
    /// - Parameter inputs: files that the results come from, which none may replace.
    public static func requireWritable(_ paths: [String], besides inputs: [String]) throws(InterchangeError) {
        var known: [String: String] = [:]
        for path in paths {
            try requireWritable(path, besides: inputs)
            guard kind(path) ?? S_IFREG == S_IFREG else { continue }
            let place = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
            if known.updateValue(path, forKey: place) != nil {
                throw InterchangeError(path, "two results are to be written to this file", repair: "name another file for one of them")
            }
        }
    }

    /// Checks that files can be written in a folder, which may be missing as long as it can be made.
    public static func requireFolder(_ path: String) throws(InterchangeError) {
        guard !path.isEmpty else { throw InterchangeError("''", "this names no folder", repair: "name a folder for the files") }
        var nearest = URL(fileURLWithPath: path)
        while kind(nearest.path) == nil, nearest.path != "/" { nearest.deleteLastPathComponent() }
        guard kind(nearest.path) == S_IFDIR else {
            let isItself = nearest.path == URL(fileURLWithPath: path).path
            throw InterchangeError(
                path, isItself ? "this is a file" : "the folder cannot be made, because \(nearest.path) is a file",
                repair: "name a folder for the files")
        }
        do throws(InterchangeError) {
            try probe(nearest.path, shownAs: path, bytes: 0)
        } catch {
            // The reason is the same; what to do about it is not.
            let message = error.message.replacing("the file cannot be written", with: "no files can be made there")
            throw InterchangeError(path, message, repair: "check the folder's permissions and the disk, or name another one")
        }
    }

    /// Makes a folder, with those around it, unless it is there.
    public static func makeFolder(_ path: String) throws(InterchangeError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            // Says which of its folders is in the way.
            try requireFolder(path)
            throw InterchangeError(path, "the folder cannot be made", repair: "check the path and its permissions")
        }
    }

    /// The kind of what a path leads to, nil where it leads to nothing.
    private static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func probe(_ folder: String, shownAs path: String, bytes: Int) throws(InterchangeError) {
        let probe = "\(folder)/.braid.\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
        let descriptor = open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw refusal(path, errno) }
        // Whose name is gone takes no place, whatever ends the process.
        unlink(probe)
        defer { close(descriptor) }
        var system = statvfs()
        let hasRoom = fstatvfs(descriptor, &system) == 0
        let page = [UInt8](repeating: 0x42, count: 4096)
        var written = 0
        while written < page.count {
            // Where only a part was taken, the next call says why.
            let count = page.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
            guard count > 0 else { throw refusal(path, count < 0 ? errno : ENOSPC) }
            written += count
        }
        guard hasRoom, bytes > 0 else { return }
        let (free, overflows) = Int(clamping: system.f_bavail).multipliedReportingOverflow(by: Int(clamping: system.f_frsize))
        if !overflows, free < bytes {
            throw InterchangeError(
                path, "the disk has \(size(free)) left, and what is to be written takes \(size(bytes))",
                repair: "free as much, or name a place on another disk")
        }
    }

    private static func size(_ bytes: Int) -> String { String(format: "%.1f MiB", Double(bytes) / 1_048_576) }

    static func refusal(_ path: String, _ code: Int32) -> InterchangeError {
        let repair =
            switch code {
            case ENOENT: "make its folder first"
            case ENAMETOOLONG: "give a shorter name"
            case ENOTDIR: "name a place in a folder"
            case ENOSPC, EDQUOT: "check the free space of the disk"
            case EFBIG: "allow larger files, such as with `ulimit -f unlimited`"
            default: "check the folder's permissions and the disk"
            }
        return InterchangeError(path, "the file cannot be written (\(String(cString: strerror(code))))", repair: repair)
    }
}
