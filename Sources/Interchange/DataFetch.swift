import Foundation

/// A file that the network has, known by its digest.
public struct RemoteFile: Equatable, Sendable {
    public let name: String
    /// The size in bytes.
    public let size: Int
    /// 64 lower-case hexadecimal digits.
    public let sha256: String

    public init(name: String, size: Int, sha256: String) {
        self.name = name
        self.size = size
        self.sha256 = sha256
    }
}

/// A data set that can be fetched: its files and the addresses of folders that hold them.
public struct RemoteDataset: Equatable, Sendable {
    public let name: String
    public let files: [RemoteFile]
    /// Addresses that a file's name is appended to, tried in this order.
    public let mirrors: [String]

    public init(name: String, files: [RemoteFile], mirrors: [String]) {
        self.name = name
        self.files = files
        self.mirrors = mirrors
    }

    /// Everything that can be fetched by name.
    public static let all = [mnist, fashionMNIST]

    /// The MNIST database of handwritten digits: 60,000 + 10,000 pictures.
    public static let mnist = RemoteDataset(
        name: "mnist",
        files: [
            RemoteFile(
                name: "train-images-idx3-ubyte.gz", size: 9_912_422,
                sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            RemoteFile(
                name: "train-labels-idx1-ubyte.gz", size: 28_881,
                sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            RemoteFile(
                name: "t10k-images-idx3-ubyte.gz", size: 1_648_877,
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            RemoteFile(
                name: "t10k-labels-idx1-ubyte.gz", size: 4_542,
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ],
        mirrors: ["https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"])

    /// Fashion-MNIST: pictures of clothes in the format and number of MNIST.
    public static let fashionMNIST = RemoteDataset(
        name: "fashion-mnist",
        files: [
            RemoteFile(
                name: "train-images-idx3-ubyte.gz", size: 26_421_880,
                sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            RemoteFile(
                name: "train-labels-idx1-ubyte.gz", size: 29_515,
                sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            RemoteFile(
                name: "t10k-images-idx3-ubyte.gz", size: 4_422_102,
                sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            RemoteFile(
                name: "t10k-labels-idx1-ubyte.gz", size: 5_148,
                sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ],
        mirrors: ["https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion"])
}

/// Fetching data sets: what is there and valid is kept, what was begun is continued, what arrives is verified.
public struct DataFetch {
    /// What happens, for those who watch.
    public enum Event: Equatable, Sendable {
        /// The file was there already, with the right digest.
        case kept(RemoteFile)
        /// So many bytes of the file are there.
        case received(RemoteFile, bytes: Int)
        /// The file arrived in full, with the right digest.
        case fetched(RemoteFile)
        /// A mirror failed; the next one is tried.
        case failed(InterchangeError)
    }

    private let folder: String
    private let timeout: TimeInterval
    private let report: (Event) -> Void

    /// Prepares to fetch into `folder`, which is made where it is absent.
    ///
    /// A mirror that is silent for `timeout` seconds has failed. `report` is called on the caller's thread.
    public init(to folder: String, timeout: TimeInterval = 30, report: @escaping (Event) -> Void = { _ in }) {
        self.folder = folder
        self.timeout = timeout
        self.report = report
    }

    /// Fetches all files of `dataset` from the first of `mirrors` (its own where empty) that has them.
    ///
    /// Throws where no mirror gives a file with the right digest, or the disk refuses.
    public func fetch(_ dataset: RemoteDataset, mirrors: [String] = []) throws(InterchangeError) {
        try OutputPath.makeFolder(folder)
        for file in dataset.files { try fetch(file, from: mirrors.isEmpty ? dataset.mirrors : mirrors) }
    }

    private func fetch(_ file: RemoteFile, from mirrors: [String]) throws(InterchangeError) {
        let path = "\(folder)/\(file.name)"
        if FileManager.default.fileExists(atPath: path), try SHA256.hexadecimal(file: path) == file.sha256 {
            return report(.kept(file))
        }
        try OutputPath.requireWritable(path, bytes: file.size)
        var lastFailure = InterchangeError(path, "no mirror is known", repair: "name one with --mirror URL")
        for mirror in mirrors {
            let address = mirror.hasSuffix("/") ? mirror + file.name : "\(mirror)/\(file.name)"
            do throws(InterchangeError) {
                try fetch(file, at: address, to: path)
                return report(.fetched(file))
            } catch {
                report(.failed(error))
                lastFailure = error
            }
        }
        throw lastFailure
    }

    /// Fetches one file from one address through `path.part`, which outlives an interruption.
    private func fetch(_ file: RemoteFile, at address: String, to path: String) throws(InterchangeError) {
        let part = path + ".part"
        var isRetry = false
        while true {
            let begun = Self.size(part)
            if begun > file.size { Self.remove(part) }
            let kept = begun > file.size ? 0 : begun
            if kept < file.size || file.size == 0 {
                let download = try Download(address, appendingTo: part, from: kept, largest: file.size, timeout: timeout)
                try download.run { bytes in report(.received(file, bytes: bytes)) }
            }
            let digest = try SHA256.hexadecimal(file: part)
            if digest == file.sha256 { break }
            Self.remove(part)
            // What an earlier, interrupted run left may have been the culprit: once more from the start.
            if kept > 0, !isRetry {
                isRetry = true
                continue
            }
            throw InterchangeError(
                address, "the file has the SHA-256 \(digest), not \(file.sha256)", repair: "name another mirror with --mirror URL")
        }
        guard rename(part, path) == 0 else {
            throw InterchangeError(path, "the file cannot be replaced (\(lastSystemError()))", repair: "check the folder's permissions")
        }
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private static func remove(_ path: String) { unlink(path) }
}
