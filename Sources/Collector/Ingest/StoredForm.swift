import Compression
import Inbox
import OTLP

// The inbox knows neither codec nor compression: these are its names for what they read.

extension RequestMediaType {
    init(_ encoding: BodyFormat) {
        self = encoding == .json ? .json : .protobuf
    }
}

extension BodyFormat {
    init(_ mediaType: RequestMediaType) {
        self = mediaType == .json ? .json : .protobuf
    }
}

extension RequestEncoding {
    init(_ compression: ContentEncoding) {
        self =
            switch compression {
            case .identity: .identity
            case .gzip: .gzip
            case .deflate: .deflate
            }
    }
}

extension ContentEncoding {
    init(_ encoding: RequestEncoding) {
        self =
            switch encoding {
            case .identity: .identity
            case .gzip: .gzip
            case .deflate: .deflate
            }
    }
}
