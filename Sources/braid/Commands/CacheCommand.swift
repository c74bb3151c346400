import ArgumentParser
import Foundation
import Machine

struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Shows or empties the cache of machine code.",
        discussion: """
            EXAMPLES
              braid cache
              braid cache show --json
              braid cache clear

            Machine code that was made once is kept, and taken from there the next time: in $BRAID_CACHE, if that is set (`none` keeps
            nothing), else in braid/objects in $XDG_CACHE_HOME or ~/.cache. It takes \(Format.bytes(ObjectCache.standardLimit)) at most: what was not used for longest makes
            room. Whatever else lies in the folder is left alone. What `braid tune` measured lies beside it, and goes with
            `braid tune --clear`.
            """,
        subcommands: [CacheShowCommand.self, CacheClearCommand.self], defaultSubcommand: CacheShowCommand.self)

    /// A folder's path, without the slash at its end.
    static func path(_ folder: URL) -> String {
        let path = folder.path(percentEncoded: false)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    fileprivate static let none = "no machine code is kept, because BRAID_CACHE is 'none'"
}

struct CacheShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows the cache's folder, size, entries and limit.",
        discussion: """
            EXAMPLES
              braid cache show
              braid cache show --json
            """)

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func run() throws {
        let cache = ObjectCache.standard
        let size = cache?.size ?? ObjectCache.Size()
        if json {
            return Console.printJSON(
                Record(
                    folder: cache.map { CacheCommand.path($0.directory) }, entries: size.entries, bytes: size.bytes,
                    limitBytes: cache?.limit ?? 0))
        }
        guard let cache else { return print(CacheCommand.none) }
        var table = Table(("", .left), ("", .left))
        for (name, value) in [
            ("folder", CacheCommand.path(cache.directory)), ("size", Format.bytes(size.bytes)), ("entries", Format.grouped(size.entries)),
            ("limit", Format.bytes(cache.limit)),
        ] { table.add(name, value) }
        print(table.rowsText, terminator: "")
    }

    private struct Record: Encodable {
        /// Null where nothing is kept.
        var folder: String?
        var entries: Int
        var bytes: Int
        var limitBytes: Int
    }
}

struct CacheClearCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Removes all machine code from the cache.",
        discussion: """
            EXAMPLES
              braid cache clear
            """)

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func run() throws {
        StandardOutput.outlivesItsReader()
        let cache = ObjectCache.standard
        let removed = try cache?.clear() ?? ObjectCache.Size()
        if json {
            return Console.printJSON(
                Record(folder: cache.map { CacheCommand.path($0.directory) }, removedEntries: removed.entries, removedBytes: removed.bytes))
        }
        guard let cache else { return print(CacheCommand.none) }
        print(
            "removed \(Format.grouped(removed.entries)) entr\(removed.entries == 1 ? "y" : "ies") (\(Format.bytes(removed.bytes))) "
                + "from \(CacheCommand.path(cache.directory))")
    }

    private struct Record: Encodable {
        var folder: String?
        var removedEntries: Int
        var removedBytes: Int
    }
}
