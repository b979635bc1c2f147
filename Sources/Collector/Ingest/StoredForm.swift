import Compression
import Inbox

// The inbox knows neither codec nor compression: these are its names for what they read.

extension RequestMediaType {
    init(_ encoding: OTLPEncoding) {
        self = encoding == .json ? .json : .protobuf
    }
}

extension OTLPEncoding {
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
