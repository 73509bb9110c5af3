//! Object stores as data: what each wants of those who speak to it, how its hosts look, and which
//! releases of Kubeflow Pipelines can use it. Whether a store answers is left to the probe.

mod findings;
mod reference;
#[cfg(test)]
mod tests;

use crate::model::{Store, Vendor};

pub use findings::findings;
pub use reference::reference;

/// Where a store takes the bucket's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Styles {
    /// In the path and in the host.
    Both,
    /// In the path, unless whoever runs the store gave it a domain.
    PathUnlessDomain,
    /// In the path only.
    PathOnly,
    /// In the host only.
    VirtualOnly,
}

impl Styles {
    /// For the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Both => "path or host",
            Self::PathUnlessDomain => "path; host where the server was given a domain",
            Self::PathOnly => "path only",
            Self::VirtualOnly => "host only",
        }
    }
}

/// What a store wants for a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// The bucket's own, or requests are refused.
    TheBuckets,
    /// The one in the endpoint's name.
    TheEndpoints,
    /// Whatever the server was set up with; most take `us-east-1`.
    TheServers,
    /// `auto`; empty and `us-east-1` mean the same.
    Auto,
    /// Anything.
    Any,
}

impl Region {
    /// For the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TheBuckets => "the bucket's own",
            Self::TheEndpoints => "the one in the endpoint",
            Self::TheServers => "the server's, mostly `us-east-1`",
            Self::Auto => "`auto`, or `us-east-1`",
            Self::Any => "any",
        }
    }
}

/// What is known of a vendor's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Whose it is.
    pub vendor: Vendor,
    /// For people.
    pub name: &'static str,
    /// How its endpoints look.
    pub endpoint: &'static str,
    /// Where it takes the bucket's name.
    pub styles: Styles,
    /// What it wants for a region.
    pub region: Region,
    /// What is particular about how requests to it are signed; all of them take Amazon's version 4.
    pub signature: &'static str,
    /// Whether it answers over TLS only, or should.
    pub needs_tls: bool,
    /// Whether it refuses checksums that newer SDKs send by themselves.
    pub refuses_checksums: bool,
    /// Whether its users can have rights on prefixes of keys.
    pub has_prefix_rights: bool,
}

const fn row(vendor: Vendor, name: &'static str, endpoint: &'static str) -> Traits {
    Traits {
        vendor,
        name,
        endpoint,
        styles: Styles::PathUnlessDomain,
        region: Region::TheServers,
        signature: "",
        needs_tls: false,
        refuses_checksums: false,
        has_prefix_rights: true,
    }
}

/// All stores that are known.
pub const STORES: [Traits; 11] = [
    Traits {
        styles: Styles::Both,
        region: Region::TheBuckets,
        signature: "another region in it is refused: `AuthorizationHeaderMalformed`",
        needs_tls: true,
        ..row(Vendor::Aws, "Amazon S3", "s3.{region}.amazonaws.com")
    },
    Traits {
        styles: Styles::Both,
        region: Region::Any,
        signature: "with an HMAC key; parts that carry a checksum of newer SDKs do not match",
        needs_tls: true,
        refuses_checksums: true,
        ..row(
            Vendor::Gcs,
            "Google Cloud Storage",
            "storage.googleapis.com",
        )
    },
    Traits {
        region: Region::Any,
        signature: "by S3Proxy, with the one identity that it was given",
        has_prefix_rights: false,
        ..row(
            Vendor::Azure,
            "Azure Blob Storage behind S3Proxy",
            "that of S3Proxy",
        )
    },
    Traits {
        styles: Styles::VirtualOnly,
        region: Region::TheEndpoints,
        signature: "no bodies that are signed in chunks (`aws-chunked`)",
        needs_tls: true,
        refuses_checksums: true,
        ..row(
            Vendor::Alibaba,
            "Alibaba Cloud OSS",
            "s3.oss-{region}.aliyuncs.com",
        )
    },
    Traits {
        styles: Styles::Both,
        region: Region::TheEndpoints,
        signature: "with an HMAC key, which a service credential has only when asked for",
        needs_tls: true,
        ..row(
            Vendor::Ibm,
            "IBM Cloud Object Storage",
            "s3.{region}.cloud-object-storage.appdomain.cloud",
        )
    },
    row(Vendor::Minio, "MinIO", "any"),
    row(Vendor::Ceph, "Ceph", "any"),
    Traits {
        styles: Styles::Both,
        region: Region::TheEndpoints,
        ..row(Vendor::Wasabi, "Wasabi", "s3.{region}.wasabisys.com")
    },
    Traits {
        styles: Styles::Both,
        region: Region::Auto,
        signature: "parts of an upload must be of one size",
        needs_tls: true,
        refuses_checksums: true,
        has_prefix_rights: false,
        ..row(
            Vendor::R2,
            "Cloudflare R2",
            "{account}.r2.cloudflarestorage.com",
        )
    },
    Traits {
        styles: Styles::PathOnly,
        region: Region::Any,
        ..row(
            Vendor::Odf,
            "OpenShift Data Foundation",
            "s3.openshift-storage.svc",
        )
    },
    Traits {
        styles: Styles::PathOnly,
        region: Region::Any,
        ..row(Vendor::Seaweed, "SeaweedFS", "seaweedfs.kubeflow:9000")
    },
];

/// What is known of a store; `None` of one that its host does not tell.
pub fn traits(store: &Store) -> Option<&'static Traits> {
    let vendor = vendor(store);
    STORES.iter().find(|row| row.vendor == vendor)
}

/// The region that is signed for: the one that is named, else the one that servers without a choice of
/// their own take. Empty where only the bucket's own does and nobody names it.
///
/// An empty one is no way out: Amazon's SDK, which the launcher reaches every store by, refuses it.
pub fn region(store: &Store) -> &str {
    let wanted = traits(store).map_or(Region::TheServers, |it| it.region);
    match (store.region.as_str(), wanted) {
        ("", Region::Auto) => "auto",
        ("", Region::Any | Region::TheServers) => "us-east-1",
        (named, _) => named,
    }
}

/// Whose store it is: what the input says, else what the host tells.
pub fn vendor(store: &Store) -> Vendor {
    match store.vendor {
        Vendor::Unknown => vendor_of_host(&store.endpoint.host),
        known => known,
    }
}

/// Hosts that tell whose store it is: how they end, or a word in them.
const HOSTS: [(&str, Vendor); 10] = [
    (".amazonaws.com", Vendor::Aws),
    (".amazonaws.com.cn", Vendor::Aws),
    ("storage.googleapis.com", Vendor::Gcs),
    (".aliyuncs.com", Vendor::Alibaba),
    (".cloud-object-storage.appdomain.cloud", Vendor::Ibm),
    (".wasabisys.com", Vendor::Wasabi),
    (".r2.cloudflarestorage.com", Vendor::R2),
    (".openshift-storage.svc", Vendor::Odf),
    (".openshift-storage.svc.cluster.local", Vendor::Odf),
    (".blob.core.windows.net", Vendor::Azure),
];

/// First words of hosts in a cluster, where people name services after what they run.
const SERVICES: [(&str, Vendor); 6] = [
    ("minio", Vendor::Minio),
    ("deploykf-minio", Vendor::Minio),
    ("seaweedfs", Vendor::Seaweed),
    ("rook-ceph-rgw", Vendor::Ceph),
    ("ceph", Vendor::Ceph),
    ("s3proxy", Vendor::Azure),
];

/// Whose store a host is.
pub fn vendor_of_host(host: &str) -> Vendor {
    let host = host.to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    let is_of = |end: &str| host.ends_with(end) || host == end.trim_start_matches('.');
    if let Some((_, vendor)) = HOSTS.iter().find(|(end, _)| is_of(end)) {
        return *vendor;
    }
    let is_named = |name: &str| {
        let rest = host.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', ':']))
    };
    let service = SERVICES.iter().find(|(name, _)| is_named(name));
    service.map_or(Vendor::Unknown, |(_, vendor)| *vendor)
}

/// The region in the name of an endpoint, for those who have one there.
pub fn region_of_host(vendor: Vendor, host: &str) -> Option<&str> {
    let between = |start: &str, end: &str| {
        let rest = host.strip_prefix(start)?;
        let region = rest.strip_suffix(end)?;
        Some(region).filter(|region| !region.is_empty() && !region.contains('.'))
    };
    match vendor {
        Vendor::Aws => ["s3.", "s3-fips.", "s3.dualstack.", "s3-"]
            .iter()
            .find_map(|start| {
                between(start, ".amazonaws.com").or_else(|| between(start, ".amazonaws.com.cn"))
            }),
        Vendor::Alibaba => ["s3.oss-", "oss-"].iter().find_map(|start| {
            between(start, "-internal.aliyuncs.com").or_else(|| between(start, ".aliyuncs.com"))
        }),
        Vendor::Ibm => ["s3.private.", "s3.direct.", "s3."]
            .iter()
            .find_map(|start| between(start, ".cloud-object-storage.appdomain.cloud")),
        Vendor::Wasabi => match host {
            "s3.wasabisys.com" => Some("us-east-1"),
            host => {
                let rest = host.strip_prefix("s3.")?.strip_suffix(".wasabisys.com")?;
                Some(rest)
            }
        },
        _ => None,
    }
}
