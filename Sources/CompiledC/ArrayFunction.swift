import Foundation
import Synchronization

/// A function of a C text over arrays, its numbers given: `void name(array, …, const int64_t *shape, number, …)`.
///
/// It is compiled when that is asked for first, and kept as long as the process lives.
public struct ArrayFunction: Hashable, Sendable {
    /// All of the C that it needs but for `StandardHeaders`.
    public var source: String
    public var name: String
    /// How many arrays it takes.
    public var arrays: Int
    /// The numbers behind the shape, as C writes them: `2`, `0.5f`.
    public var numbers: [String]

    public init(source: String, name: String, arrays: Int, numbers: [String]) {
        self.source = source
        self.name = name
        self.arrays = arrays
        self.numbers = numbers
    }

    /// What `float` means.
    public enum Element: Hashable, Sendable {
        case float
        /// The same text computes in fp64: `float` is `double`, and `expf` is `exp`.
        case double
    }

    /// The name of the function that is called with the addresses of all arrays, and the shape.
    public static let entryName = "braid_entry"

    /// Calls the function: with the addresses of the arrays, and the shape.
    public typealias Entry = @convention(c) @Sendable (UnsafePointer<UnsafeMutableRawPointer?>, UnsafePointer<Int64>) -> Void

    /// What is compiled: the text, and a function of one form for all. It also decides what machine code comes of it, with clang's version.
    public func text(computingIn element: Element = .float) -> String {
        var prelude = ""
        if element == .double {
            prelude = "#define float double\n" + StandardHeaders.functionsOfFloat.map { "#define \($0.float) \($0.double)\n" }.joined()
        }
        let arguments = (0..<arrays).map { "arrays[\($0)]" } + ["shape"] + numbers
        return prelude + source
            + "\nvoid \(Self.entryName)(void *const *arrays, const __INT64_TYPE__ *shape) { \(name)(\(arguments.joined(separator: ", "))); }\n"
    }

    // MARK: - Compiling

    /// Whether there is a clang that compiles.
    public static var isClangInstalled: Bool { ClangCommand.path != nil }

    /// What is said where there is none.
    public static let clangIsMissing = CompilationError.missing

    /// LLVM's bitcode for a target, not optimized yet.
    public func bitcode(for triple: String) throws(CompilationError) -> [UInt8] {
        try Self.bitcodes.value(of: [triple, text()]) { () throws(CompilationError) in
            try ClangCommand.compile(text(), ["-target", triple, "-emit-llvm", "-Xclang", "-disable-llvm-passes"]) {
                (path) throws(CompilationError) in
                guard let data = FileManager.default.contents(atPath: path) else { throw CompilationError("clang made no bitcode") }
                return Array(data)
            }
        }
    }

    /// The function as this process can call it: for the reference and the interpreter of kernels.
    public func entry(computingIn element: Element) throws(CompilationError) -> Entry {
        try Self.entries.value(of: [text(computingIn: element)]) { () throws(CompilationError) in
            #if os(Linux)
                // Functions are the file's own, whatever other libraries call by the same names.
                let linking = ["-shared", "-Wl,-z,defs", "-Wl,-Bsymbolic", "-lm"]
            #else
                let linking = ["-shared"]
            #endif
            return try ClangCommand.compile(text(computingIn: element), [], linking: linking) { (path) throws(CompilationError) in
                guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(library, Self.entryName) else {
                    throw CompilationError(
                        "a compiled C file cannot be loaded: " + (dlerror().map { String(cString: $0) } ?? "no reason is given"),
                        help: "set TMPDIR to a folder whose files may be executed")
                }
                return unsafeBitCast(symbol, to: Entry.self)
            }
        }
    }

    /// Why clang does not compile a text, whatever of it is called; nil where it does.
    public static func problem(in source: String) -> CompilationError? {
        do throws(CompilationError) {
            _ = try bitcodes.value(of: [source]) { () throws(CompilationError) in
                try ClangCommand.compile(source, ["-emit-llvm", "-Xclang", "-disable-llvm-passes"]) { _ in [] }
            }
            return nil
        } catch {
            return error
        }
    }

    private static let bitcodes = Memory<[UInt8]>()
    private static let entries = Memory<Entry>()
}

/// What was made once, by the texts that it was made of; failures too.
private final class Memory<Made: Sendable>: Sendable {
    private let known = Mutex<[[String]: Result<Made, CompilationError>]>([:])

    func value(of key: [String], _ make: () throws(CompilationError) -> Made) throws(CompilationError) -> Made {
        // One compilation at a time: threads that ask for the same wait for it.
        let result = known.withLock { known -> Result<Made, CompilationError> in
            if let result = known[key] { return result }
            let result = Result { () throws(CompilationError) in try make() }
            known[key] = result
            return result
        }
        return try result.get()
    }
}
