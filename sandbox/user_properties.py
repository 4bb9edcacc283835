"""The properties of a user in Graph v1.0: which there are, which come unasked, which a list cannot give."""

from __future__ import annotations

from sandbox.entity_types import entity_type

_NAMES = """
    aboutMe accountEnabled ageGroup assignedLicenses assignedPlans authorizationInfo birthday businessPhones city
    companyName consentProvidedForMinor country createdDateTime creationType customSecurityAttributes deletedDateTime
    department deviceEnrollmentLimit displayName employeeHireDate employeeId employeeLeaveDateTime employeeOrgData
    employeeType externalUserState externalUserStateChangeDateTime faxNumber givenName hireDate id identities
    imAddresses interests isManagementRestricted isResourceAccount jobTitle lastPasswordChangeDateTime
    legalAgeGroupClassification licenseAssignmentStates mail mailboxSettings mailNickname mobilePhone mySite
    officeLocation onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes
    onPremisesImmutableId onPremisesLastSyncDateTime onPremisesProvisioningErrors onPremisesSamAccountName
    onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName otherMails passwordPolicies
    passwordProfile pastProjects postalCode preferredDataLocation preferredLanguage preferredName print
    provisionedPlans proxyAddresses responsibilities schools securityIdentifier serviceProvisioningErrors
    showInAddressList signInActivity signInSessionsValidFromDateTime skills state streetAddress surname usageLocation
    userPrincipalName userType
"""
COLLECTIONS = {
    "assignedLicenses", "assignedPlans", "businessPhones", "identities", "imAddresses", "interests",
    "licenseAssignmentStates", "onPremisesProvisioningErrors", "otherMails", "pastProjects", "provisionedPlans",
    "proxyAddresses", "responsibilities", "schools", "serviceProvisioningErrors", "skills",
}  # fmt: skip
USER = entity_type(
    "user",
    _NAMES,
    booleans=(
        "accountEnabled", "isManagementRestricted", "isResourceAccount", "onPremisesSyncEnabled", "showInAddressList",
    ),
    numbers=("deviceEnrollmentLimit",),
    collections=COLLECTIONS,
)  # fmt: skip
DEFAULTS = {
    "businessphones", "displayname", "givenname", "id", "jobtitle", "mail", "mobilephone", "officelocation",
    "preferredlanguage", "surname", "userprincipalname",
}  # fmt: skip
NOT_IN_LISTS = {
    "aboutme", "birthday", "deviceenrollmentlimit", "hiredate", "interests", "mailboxsettings", "mysite",
    "pastprojects", "preferredname", "print", "responsibilities", "schools", "skills",
}  # fmt: skip
